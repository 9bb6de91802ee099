/* The fence around the kubelet directory: every path of a request is resolved beneath it, without following a
 * symbolic link, and handed on as a directory descriptor and a last component. What is mounted or removed later goes
 * through that descriptor, so that a pod which swaps a directory for a link cannot lead a mount elsewhere.
 *
 * openat2(2) does the walk in one step; where it is missing (kernel < 5.6, a seccomp filter) the components are opened
 * one by one with O_NOFOLLOW, which is as strict because "." and ".." are refused in the text already.
 * A PathGuard is immutable: any thread may use it. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct PathGuard PathGuard;

enum { PATH_GUARD_MAX_PATH = 4095 };

/* root: an absolute directory (--kubelet-dir); it may itself be a symbolic link, resolved once, here.
 * FAILED_PRECONDITION if it cannot be opened, INVALID_ARGUMENT if it is not absolute. */
PathGuard *path_guard_new(const char *root, GError **error);
void path_guard_free(PathGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PathGuard, path_guard_free)

/* The root's real path, as mountinfo shows it. */
const char *path_guard_root(const PathGuard *guard);

typedef struct {
  int parent; /* O_PATH descriptor of the directory that holds the last component; -1 when empty */
  char *name; /* last component */
  char *real; /* the whole path without symbolic links, as mountinfo shows it */
} GuardedPath;

#define GUARDED_PATH_INIT                                                                                    \
  {                                                                                                          \
    .parent = -1                                                                                             \
  }
void guarded_path_clear(GuardedPath *path);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GuardedPath, guarded_path_clear)

/* Checks the text of a path: absolute, beneath the root, no "." or "..", no control character, not too long.
 * INVALID_ARGUMENT naming the field otherwise. Does no I/O. *ret_relative (may be NULL): newly allocated rest below
 * the root with single slashes. */
gboolean path_guard_check(const PathGuard *guard, const char *field, const char *path, char **ret_relative,
                          GError **error);

/* Checks the text and opens the parent directory. NOT_FOUND when a directory on the way does not exist,
 * INVALID_ARGUMENT when it is a symbolic link or no directory. The last component need not exist. */
gboolean path_guard_resolve(const PathGuard *guard, const char *field, const char *path,
                            GuardedPath *ret_path, GError **error);

/* Opens the last component with O_PATH | O_NOFOLLOW. Its kind (S_IFDIR, S_IFREG, S_IFBLK ...) is put in *ret_kind.
 * NOT_FOUND if there is none, INVALID_ARGUMENT if it is a symbolic link. */
int guarded_path_open(const GuardedPath *path, mode_t *ret_kind, GError **error);

/* Makes the last component an (empty) directory or file unless it is one already; INVALID_ARGUMENT if it is of
 * another kind. kind: S_IFDIR or S_IFREG; a block node where a file is asked for is fine (a bind mount made it so). */
gboolean guarded_path_make(const GuardedPath *path, mode_t kind, GError **error);

/* Removes the last component: an empty directory, an empty file or a link. None there is fine. FAILED_PRECONDITION for
 * a file with content, INTERNAL for a directory with content: data is never removed. */
gboolean guarded_path_remove(const GuardedPath *path, GError **error);
