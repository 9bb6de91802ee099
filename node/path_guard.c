#include "node/path_guard.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

struct PathGuard {
  char *given; /* as in the option, without trailing slashes: what request paths must begin with */
  char *real;
  int fd;
};

static char *trim_slashes(const char *path)
{
  gsize length = strlen(path);
  while (length > 1 && path[length - 1] == '/')
    length--;
  return g_strndup(path, length);
}

PathGuard *path_guard_new(const char *root, GError **error)
{
  if (!root || root[0] != '/' || !root[1]) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "kubelet-dir '%s' is not an absolute path below '/'",
                  root ? root : "");
    return NULL;
  }
  g_autofree char *given = trim_slashes(root);
  char *real = realpath(given, NULL);
  int fd = real ? open(real, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd < 0) {
    evs_error_set_errno(error, EVS_CODE_FAILED_PRECONDITION, errno, "cannot open kubelet-dir '%s'", given);
    free(real);
    return NULL;
  }
  PathGuard *guard = g_new0(PathGuard, 1);
  guard->given = g_steal_pointer(&given);
  guard->real = g_strdup(real);
  guard->fd = fd;
  free(real);
  return guard;
}

void path_guard_free(PathGuard *guard)
{
  if (!guard)
    return;
  close(guard->fd);
  g_free(guard->given);
  g_free(guard->real);
  g_free(guard);
}

const char *path_guard_root(const PathGuard *guard)
{
  return guard->real;
}

void guarded_path_clear(GuardedPath *path)
{
  if (path->parent >= 0)
    close(path->parent);
  path->parent = -1;
  g_clear_pointer(&path->name, g_free);
  g_clear_pointer(&path->real, g_free);
}

/* "/root//a/b/" with root "/root" -> "a/b"; NULL if the path is not strictly beneath the root or has dots. */
static char *relative_below(const char *root, const char *path)
{
  gsize length = strlen(root);
  if (strncmp(path, root, length) != 0 || path[length] != '/')
    return NULL;
  g_auto(GStrv) parts = g_strsplit(path + length + 1, "/", -1);
  g_autoptr(GString) joined = g_string_new(NULL);
  for (guint i = 0; parts[i]; i++) {
    if (!*parts[i])
      continue;
    if (g_str_equal(parts[i], ".") || g_str_equal(parts[i], ".."))
      return NULL;
    g_string_append_printf(joined, "%s%s", joined->len ? "/" : "", parts[i]);
  }
  return joined->len ? g_string_free(g_steal_pointer(&joined), FALSE) : NULL;
}

gboolean path_guard_check(const PathGuard *guard, const char *field, const char *path, char **ret_relative,
                          GError **error)
{
  if (!path || !*path)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "%s is empty: an absolute path beneath '%s' is needed", field, guard->given);
  if (strlen(path) > PATH_GUARD_MAX_PATH)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s is longer than %d bytes", field,
                         PATH_GUARD_MAX_PATH);
  if (!text_is_printable(path))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s is not printable UTF-8", field);
  g_autofree char *relative = relative_below(guard->given, path);
  if (!relative)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "%s '%s' is not an absolute path beneath '%s' without '.' and '..'", field, path,
                         guard->given);
  if (ret_relative)
    *ret_relative = g_steal_pointer(&relative);
  return TRUE;
}

static int open_by_steps(int root, const char *relative)
{
  g_auto(GStrv) parts = g_strsplit(relative, "/", -1);
  int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
  for (guint i = 0; at >= 0 && parts[i]; i++) {
    int next = openat(at, parts[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int why = errno;
    close(at);
    at = next;
    errno = why;
  }
  return at;
}

static int open_beneath(int root, const char *relative)
{
  struct open_how how = {
    .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  if (!*relative)
    return fcntl(root, F_DUPFD_CLOEXEC, 0);
  int fd = (int)syscall(SYS_openat2, root, relative, &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM))
    return open_by_steps(root, relative);
  return fd;
}

gboolean path_guard_resolve(const PathGuard *guard, const char *field, const char *path,
                            GuardedPath *ret_path, GError **error)
{
  g_autofree char *relative = NULL;
  if (!path_guard_check(guard, field, path, &relative, error))
    return FALSE;
  g_autofree char *real = g_build_filename(guard->real, relative, NULL);
  char *slash = strrchr(relative, '/');
  if (slash)
    *slash = '\0';
  int parent = open_beneath(guard->fd, slash ? relative : "");
  if (parent < 0 && errno == ENOENT)
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "%s '%s': its parent directory does not exist", field,
                         path);
  if (parent < 0 && (errno == ELOOP || errno == ENOTDIR || errno == EXDEV))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "%s '%s' goes through a symbolic link or something that is no directory", field,
                         path);
  if (parent < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot open the parent directory of %s '%s'",
                               field, path);
  ret_path->parent = parent;
  ret_path->name = g_strdup(slash ? slash + 1 : relative);
  ret_path->real = g_steal_pointer(&real);
  return TRUE;
}

int guarded_path_open(const GuardedPath *path, mode_t *ret_kind, GError **error)
{
  int fd = openat(path->parent, path->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    int why = errno;
    if (fd >= 0)
      close(fd);
    evs_error_set_errno(error, why == ENOENT ? EVS_CODE_NOT_FOUND : EVS_CODE_INTERNAL, why,
                        "cannot open '%s'", path->real);
    return -1;
  }
  if (S_ISLNK(status.st_mode)) {
    close(fd);
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is a symbolic link", path->real);
    return -1;
  }
  *ret_kind = status.st_mode & S_IFMT;
  return fd;
}

gboolean guarded_path_make(const GuardedPath *path, mode_t kind, GError **error)
{
  int made = -1;
  if (kind == S_IFDIR)
    made = mkdirat(path->parent, path->name, 0750);
  else
    made = openat(path->parent, path->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (made < 0 && errno != EEXIST)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make '%s'", path->real);
  if (made > 0)
    close(made);
  mode_t is = 0;
  int fd = guarded_path_open(path, &is, error);
  if (fd < 0)
    return FALSE;
  close(fd);
  if (is == kind || (kind == S_IFREG && is == S_IFBLK))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is there, but is no %s", path->real,
                       kind == S_IFDIR ? "directory" : "file");
}

gboolean guarded_path_remove(const GuardedPath *path, GError **error)
{
  struct stat status;
  if (fstatat(path->parent, path->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
      status.st_size > 0)
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "'%s' is a file with content, not removing it",
                         path->real);
  if (unlinkat(path->parent, path->name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if ((errno == EISDIR || errno == EPERM) && unlinkat(path->parent, path->name, AT_REMOVEDIR) == 0)
    return TRUE;
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot remove '%s'", path->real);
}
