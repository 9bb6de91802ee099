#include "rpc/endpoint.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define ACCEPTED "accepted are unix:///absolute/path, unix:relative/path and /absolute/path"

enum { MAX_PATH_BYTES = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };

/* The path within the text, or NULL if it names no unix socket in the file system. */
static const char *path_of(const char *text)
{
  if (g_str_has_prefix(text, "unix://"))
    return text[strlen("unix://")] == '/' ? text + strlen("unix://") : NULL;
  if (g_str_has_prefix(text, "unix:"))
    return text + strlen("unix:");
  return text[0] == '/' ? text : NULL;
}

gboolean rpc_endpoint_parse(const char *text, RpcEndpoint *ret_endpoint, GError **error)
{
  const char *path = path_of(text);
  if (!path || !*path || g_str_has_suffix(path, "/"))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "endpoint '%s' is no unix socket: %s", text,
                         ACCEPTED);
  if (strlen(path) > MAX_PATH_BYTES)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "endpoint '%s': the path is %zu bytes long, a unix socket's has at most %d", text,
                         strlen(path), MAX_PATH_BYTES);
  *ret_endpoint = (RpcEndpoint){g_strdup(path), g_strconcat("unix:", path, NULL)};
  return TRUE;
}

void rpc_endpoint_clear(RpcEndpoint *endpoint)
{
  g_clear_pointer(&endpoint->path, g_free);
  g_clear_pointer(&endpoint->target, g_free);
}

static int take_lock(const char *path, GError **error)
{
  g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
  int fd = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    gboolean no_directory = errno == ENOENT || errno == ENOTDIR;
    evs_error_set_errno(error, no_directory ? EVS_CODE_INVALID_ARGUMENT : EVS_CODE_INTERNAL, errno,
                        no_directory ? "endpoint '%s': its directory does not exist (lock file '%s')"
                                     : "endpoint '%s': cannot open lock file '%s'",
                        path, lock_path);
    return -1;
  }
  if (flock(fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (errno == EWOULDBLOCK)
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                  "endpoint '%s': another instance serves it (it locks '%s')", path, lock_path);
  else
    evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "endpoint '%s': cannot lock '%s'", path, lock_path);
  close(fd);
  return -1;
}

/* TRUE if somebody accepts connections there. */
static gboolean answers(const char *path)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return FALSE;
  /* EAGAIN: its backlog is full, so it lives. */
  gboolean alive = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN;
  close(fd);
  return alive;
}

/* A socket that nobody serves is left for gRPC, which unlinks it before it binds. */
static gboolean check_path(const char *path, GError **error)
{
  struct stat status;
  if (lstat(path, &status) != 0)
    return errno == ENOENT ? TRUE
                           : evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "endpoint '%s'", path);
  if (!S_ISSOCK(status.st_mode))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "endpoint '%s': something that is no socket stands there; it is left alone", path);
  if (answers(path))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "endpoint '%s': another program serves it",
                         path);
  return TRUE;
}

int rpc_endpoint_lock(const RpcEndpoint *endpoint, GError **error)
{
  int fd = take_lock(endpoint->path, error);
  if (fd >= 0 && !check_path(endpoint->path, error)) {
    close(fd);
    return -1;
  }
  return fd;
}
