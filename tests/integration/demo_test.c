/* The demos: they pass; and when a step fails they say which and why, fail themselves, and leave nothing behind. */
#include "tests/harness/harness.h"

#include <sys/stat.h>

#define DEMO EVS_SOURCE_DIR "/scripts/demo.sh"
#define DEMO_TRANSFER EVS_SOURCE_DIR "/scripts/demo-transfer.sh"

static const char *bin_dir(void)
{
  const char *dir = g_getenv("EVS_BIN_DIR");
  return dir ? dir : EVS_DEFAULT_BIN_DIR;
}

static void assert_no_demo_is_left(void)
{
  g_autoptr(GDir) tmp = g_dir_open(g_get_tmp_dir(), 0, NULL);
  for (const char *name = g_dir_read_name(tmp); name; name = g_dir_read_name(tmp)) {
    if (g_str_has_prefix(name, "evs-demo-"))
      fail_msg("'%s' is left in '%s'", name, g_get_tmp_dir());
  }
}

static void expect_success(Harness *harness, const char *script)
{
  Process *demo = process_start_list(harness, script, bin_dir(), NULL);
  int status = process_wait_exit(demo, HARNESS_WAIT_MS);
  g_autofree char *out = process_stdout(demo);
  if (status != 0 || !strstr(out, "nothing is left") || !strstr(out, "demo passed"))
    fail_msg("status %d:\n%s", status, out);
  assert_no_demo_is_left();
}

static void it_passes(void **state)
{
  expect_success(*state, DEMO);
}

static void a_disk_goes_to_another_account_and_back(void **state)
{
  expect_success(*state, DEMO_TRANSFER);
}

/* A bin directory in which `name` is this script and all else what was built. */
static char *bin_dir_with(Harness *harness, const char *name, const char *script)
{
  static const char *const programs[] = {"evs-sim", "evs-csi-controller", "evs-csi-node", "evs-csi-metadata",
                                         "evsctl"};
  char *dir = harness_path(harness, "bin");
  assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
  for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
    g_autofree char *from = g_build_filename(bin_dir(), programs[i], NULL);
    g_autofree char *to = g_build_filename(dir, programs[i], NULL);
    if (!g_str_equal(programs[i], name))
      assert_int_equal(symlink(from, to), 0);
  }
  g_autofree char *path = g_build_filename(dir, name, NULL);
  assert_true(g_file_set_contents_full(path, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  return dir;
}

static void expect_failure(Harness *harness, const char *script, const char *dir, const char *complaint)
{
  Process *demo = process_start_list(harness, script, dir, NULL);
  int status = process_wait_exit(demo, HARNESS_WAIT_MS);
  g_autofree char *out = process_stdout(demo);
  if (status != 1 || !strstr(out, complaint) || strstr(out, "demo passed"))
    fail_msg("status %d and no '%s':\n%s", status, complaint, out);
  assert_no_demo_is_left();
}

static void a_step_that_fails_is_named(void **state)
{
  g_autofree char *script =
    g_strdup_printf("#!/bin/sh\n"
                    "case \"$*\" in *NodePublishVolume*)\n"
                    "  echo 'NodePublishVolume: INTERNAL (13): broken on purpose' >&2; exit 1 ;;\n"
                    "esac\n"
                    "exec %s/evsctl \"$@\"\n",
                    bin_dir());
  g_autofree char *dir = bin_dir_with(*state, "evsctl", script);
  expect_failure(*state, DEMO, dir,
                 "FAILED in step 5, NodePublishVolume: NodePublishVolume: INTERNAL (13): broken on purpose");
}

/* An acceptance that says it went well and did nothing. */
static void a_transfer_that_lies_is_found_out(void **state)
{
  g_autofree char *script = g_strdup_printf("#!/bin/sh\n"
                                            "case \"$*\" in *accept*--emit-pv*)\n"
                                            "  exit 0 ;;\n"
                                            "esac\n"
                                            "exec %s/evsctl \"$@\"\n",
                                            bin_dir());
  g_autofree char *dir = bin_dir_with(*state, "evsctl", script);
  expect_failure(*state, DEMO_TRANSFER, dir,
                 "FAILED in step 8, beta: transfer accept: no PV of the disk was written");
}

static void a_part_that_does_not_start_is_named(void **state)
{
  g_autofree char *dir =
    bin_dir_with(*state, "evs-csi-node", "#!/bin/sh\necho 'no such option' >&2\nexit 1\n");
  expect_failure(*state, DEMO, dir, "FAILED in step 0, start: node has ended: no such option");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(it_passes),
    TEST(a_disk_goes_to_another_account_and_back),
    TEST(a_step_that_fails_is_named),
    TEST(a_transfer_that_lies_is_found_out),
    TEST(a_part_that_does_not_start_is_named),
  };
  return cmocka_run_group_tests_name("demo", tests, NULL, NULL);
}
