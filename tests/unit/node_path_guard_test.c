/* node/path_guard.c: paths that lead out of the kubelet directory, by text or by links; all of it with openat2(2), on a
 * kernel that has none, and below a seccomp profile that refuses it. */
#include "base/error.h"
#include "base/thread.h"
#include "node/path_guard.h"
#include "tests/unit/refuse_call.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

typedef struct {
  char *root;
  PathGuard *guard;
} Fence;

static int set_up(void **state)
{
  Fence *fence = g_new0(Fence, 1);
  fence->root = g_dir_make_tmp("evs-guard-XXXXXX", NULL);
  g_autofree char *sub = g_build_filename(fence->root, "a", "b", NULL);
  g_autofree char *link = g_build_filename(fence->root, "link", NULL);
  g_autofree char *file = g_build_filename(fence->root, "file", NULL);
  g_mkdir_with_parents(sub, 0700);
  assert_int_equal(symlink("/etc", link), 0);
  assert_true(g_file_set_contents(file, "x", -1, NULL));
  fence->guard = path_guard_new(fence->root, NULL);
  assert_non_null(fence->guard);
  *state = fence;
  return 0;
}

static int tear_down(void **state)
{
  Fence *fence = *state;
  static const char *const entries[] = {"a/b/new", "a/b/filed", "a/b", "a", "link", "file", ""};
  for (gsize i = 0; i < G_N_ELEMENTS(entries); i++) {
    g_autofree char *path = g_build_filename(fence->root, entries[i], NULL);
    g_remove(path);
  }
  path_guard_free(fence->guard);
  g_free(fence->root);
  g_free(fence);
  return 0;
}

static void expect_refused(const Fence *fence, const char *path, EvsCode code, const char *text)
{
  g_auto(GuardedPath) guarded = GUARDED_PATH_INIT;
  g_autoptr(GError) error = NULL;
  assert_false(path_guard_resolve(fence->guard, "target_path", path, &guarded, &error));
  assert_int_equal(evs_error_code(error), code);
  assert_non_null(strstr(error->message, "target_path"));
  assert_non_null(strstr(error->message, text));
}

static void text_that_leads_out_is_refused(void **state)
{
  const Fence *fence = *state;
  static const char *const below[] = {"",    "/",     "/..",      "/a/../../x", "/a/./b", "/a/..", "/../x",
                                      "x/a", "/a\nb", "/a/b\x01", "/\xff",      "//",     "/."};
  for (gsize i = 0; i < G_N_ELEMENTS(below); i++) {
    g_autofree char *path = g_strconcat(fence->root, below[i], NULL);
    expect_refused(fence, path, EVS_CODE_INVALID_ARGUMENT, "target_path");
  }
  static const char *const others[] = {"", "a/b", "/etc/passwd", "/", "../a", "/tmp"};
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    expect_refused(fence, others[i], EVS_CODE_INVALID_ARGUMENT, fence->root);
  g_autofree char *filler = g_strnfill(PATH_GUARD_MAX_PATH, 'a');
  g_autofree char *longest = g_strconcat(fence->root, "/", filler, NULL);
  expect_refused(fence, longest, EVS_CODE_INVALID_ARGUMENT, "longer than");
}

static void links_and_files_on_the_way_are_refused(void **state)
{
  const Fence *fence = *state;
  g_autofree char *by_link = g_strconcat(fence->root, "/link/passwd", NULL);
  g_autofree char *by_file = g_strconcat(fence->root, "/file/x", NULL);
  g_autofree char *missing = g_strconcat(fence->root, "/no/x", NULL);
  expect_refused(fence, by_link, EVS_CODE_INVALID_ARGUMENT, "symbolic link");
  expect_refused(fence, by_file, EVS_CODE_INVALID_ARGUMENT, "no directory");
  expect_refused(fence, missing, EVS_CODE_NOT_FOUND, "parent directory does not exist");
}

static void a_link_as_last_component_is_not_followed(void **state)
{
  const Fence *fence = *state;
  g_autofree char *path = g_strconcat(fence->root, "/link", NULL);
  g_auto(GuardedPath) guarded = GUARDED_PATH_INIT;
  g_autoptr(GError) error = NULL;
  mode_t kind = 0;
  assert_true(path_guard_resolve(fence->guard, "target_path", path, &guarded, NULL));
  assert_int_equal(guarded_path_open(&guarded, &kind, &error), -1);
  assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  g_clear_error(&error);
  assert_false(guarded_path_make(&guarded, S_IFDIR, &error));
  assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  assert_true(guarded_path_remove(&guarded, NULL));
  assert_true(g_file_test("/etc", G_FILE_TEST_IS_DIR));
}

static void paths_are_made_and_removed(void **state)
{
  const Fence *fence = *state;
  static const struct {
    const char *path;
    mode_t kind, other;
  } rows[] = {{"//a///b/new/", S_IFDIR, S_IFREG}, {"/a/b/filed", S_IFREG, S_IFDIR}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *path = g_strconcat(fence->root, rows[i].path, NULL);
    g_auto(GuardedPath) guarded = GUARDED_PATH_INIT;
    assert_true(path_guard_resolve(fence->guard, "target_path", path, &guarded, NULL));
    assert_true(guarded_path_make(&guarded, rows[i].kind, NULL));
    assert_true(guarded_path_make(&guarded, rows[i].kind, NULL));
    g_autoptr(GError) error = NULL;
    assert_false(guarded_path_make(&guarded, rows[i].other, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    assert_true(guarded_path_remove(&guarded, NULL));
    assert_true(guarded_path_remove(&guarded, NULL));
    assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
  }
}

static void data_is_not_removed(void **state)
{
  const Fence *fence = *state;
  static const struct {
    const char *path;
    EvsCode code;
  } rows[] = {{"/file", EVS_CODE_FAILED_PRECONDITION}, {"/a", EVS_CODE_INTERNAL}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *path = g_strconcat(fence->root, rows[i].path, NULL);
    g_auto(GuardedPath) guarded = GUARDED_PATH_INIT;
    g_autoptr(GError) error = NULL;
    assert_true(path_guard_resolve(fence->guard, "target_path", path, &guarded, NULL));
    assert_false(guarded_path_remove(&guarded, &error));
    assert_int_equal(evs_error_code(error), rows[i].code);
    assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
  }
}

static void the_root_may_be_a_link_and_is_shown_real(void **state)
{
  const Fence *fence = *state;
  g_autofree char *link = g_strconcat(fence->root, ".link", NULL);
  assert_int_equal(symlink(fence->root, link), 0);
  g_autoptr(PathGuard) guard = path_guard_new(link, NULL);
  g_autofree char *path = g_strconcat(link, "/a/x", NULL);
  g_autofree char *expected = g_strconcat(path_guard_root(fence->guard), "/a/x", NULL);
  g_auto(GuardedPath) guarded = GUARDED_PATH_INIT;
  gboolean good = path_guard_resolve(guard, "target_path", path, &guarded, NULL);
  g_remove(link);
  assert_true(good);
  assert_string_equal(guarded.real, expected);
}

static void a_bad_root_is_refused(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  assert_null(path_guard_new("relative", &error));
  assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  g_clear_error(&error);
  assert_null(path_guard_new("/nonexistent/kubelet", &error));
  assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
}

static int refused_with; /* what openat2 fails with; 0: it works */

static void openat2_is_as_the_group_says(void **state)
{
  (void)state;
  struct open_how how = {.flags = O_PATH | O_CLOEXEC};
  int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
  assert_int_equal(fd < 0 ? errno : 0, refused_with);
  if (fd >= 0)
    close(fd);
}

typedef struct {
  const char *one, *other;
  gint stop; /* atomic */
  gboolean wrong;
} Swap;

/* An even number of times, so that both are what they were in the end. */
static void *exchange_all_the_time(void *data)
{
  Swap *swap = data;
  while (!g_atomic_int_get(&swap->stop))
    for (int i = 0; i < 2; i++)
      (void)!renameat2(AT_FDCWD, swap->one, AT_FDCWD, swap->other, RENAME_EXCHANGE);
  return NULL;
}

/* A walk that goes on while a pod exchanges a directory for a link, back and forth: it ends in the directory or is
 * refused, and never stands behind the link. */
static void a_directory_that_turns_into_a_link_leads_nowhere(void **state)
{
  enum { ROUNDS = 2000 };
  const Fence *fence = *state;
  g_autofree char *path = g_strconcat(fence->root, "/a/passwd", NULL);
  g_autofree char *directory = g_strconcat(fence->root, "/a", NULL);
  g_autofree char *link = g_strconcat(fence->root, "/link", NULL);
  Swap swap = {.one = directory, .other = link};
  Thread thread = thread_start("swap", exchange_all_the_time, &swap);
  int refused = 0, opened = 0;
  for (int i = 0; i < ROUNDS; i++) {
    g_auto(GuardedPath) guarded = GUARDED_PATH_INIT;
    g_autoptr(GError) error = NULL;
    if (!path_guard_resolve(fence->guard, "target_path", path, &guarded, &error)) {
      swap.wrong |= !evs_error_is(error, EVS_CODE_INVALID_ARGUMENT);
      refused++;
      continue;
    }
    struct stat status;
    swap.wrong |= fstatat(guarded.parent, "passwd", &status, AT_SYMLINK_NOFOLLOW) == 0; /* that is /etc */
    opened++;
  }
  g_atomic_int_set(&swap.stop, 1);
  thread_join(thread);
  assert_false(swap.wrong);
  assert_int_equal(refused + opened, ROUNDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(openat2_is_as_the_group_says),
    TEST(text_that_leads_out_is_refused),
    TEST(links_and_files_on_the_way_are_refused),
    TEST(a_link_as_last_component_is_not_followed),
    TEST(a_directory_that_turns_into_a_link_leads_nowhere),
    TEST(paths_are_made_and_removed),
    TEST(data_is_not_removed),
    TEST(the_root_may_be_a_link_and_is_shown_real),
    cmocka_unit_test(a_bad_root_is_refused),
  };
  static const struct {
    const char *name;
    int refused_with;
  } groups[] = {{"openat2", 0}, {"no openat2", ENOSYS}, {"openat2 refused", EPERM}};
  int failed = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(groups); i++) {
    refused_with = groups[i].refused_with;
    if (refused_with)
      refuse_call(SYS_openat2, (guint32)refused_with);
    failed += cmocka_run_group_tests_name(groups[i].name, tests, NULL, NULL);
  }
  return failed;
}
