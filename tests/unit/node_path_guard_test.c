/* node/path_guard.c: paths that lead out of the kubelet directory, by text or by links. */
#include "base/error.h"
#include "node/path_guard.h"
#include "tests/unit/cmocka_all.h"

#include <glib/gstdio.h>

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(text_that_leads_out_is_refused),
    TEST(links_and_files_on_the_way_are_refused),
    TEST(a_link_as_last_component_is_not_followed),
    TEST(paths_are_made_and_removed),
    TEST(data_is_not_removed),
    TEST(the_root_may_be_a_link_and_is_shown_real),
    cmocka_unit_test(a_bad_root_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
