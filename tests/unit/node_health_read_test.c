/* node/health_read.c: a read that never returns is left behind, once. node/health_source.c: what the mount table says. */
#include "node/health_read.h"
#include "node/health_source.h"

#include "base/clock.h"
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int make_file(char **ret_path)
{
  int fd = g_file_open_tmp("node-health-XXXXXX", ret_path, NULL);
  assert_true(fd >= 0);
  return fd;
}

static void what_can_be_read_is_well(void **state)
{
  (void)state;
  g_autofree char *path = NULL;
  Device device = {.number = makedev(1, 1), .fd = make_file(&path), .size = 1 << 20};
  assert_int_equal(ftruncate(device.fd, 1 << 20), 0);
  int directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  HealthReadResult result = {7, 7};
  assert_int_equal(health_read(&device, directory, &result), HEALTH_READ_DONE);
  assert_true(result.disk == 0 || result.disk == EINVAL); /* tmpfs of old kernels knows no O_DIRECT */
  assert_int_equal(result.directory, 0);
  assert_int_equal(health_read(&device, device.fd, &result), HEALTH_READ_DONE);
  assert_int_equal(result.directory, ENOTDIR);
  close(directory);
  close(device.fd);
  g_remove(path);
}

/* The kernel holds whoever opens a pipe for reading until there is a writer: a disk that does not answer. */
static void a_read_that_hangs_is_begun_once(void **state)
{
  (void)state;
  g_autofree char *directory = g_dir_make_tmp("node-health-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(directory, "pipe", NULL);
  assert_int_equal(mkfifo(path, 0600), 0);
  Device device = {.number = makedev(1, 2), .fd = open(path, O_PATH | O_CLOEXEC), .size = 1 << 20};
  HealthReadResult result = {0};
  gint64 begin_us = clock_now_us();
  assert_int_equal(health_read(&device, -1, &result), HEALTH_READ_HANGS);
  assert_true(clock_now_us() - begin_us >= HEALTH_READ_WAIT_MS * 1000 - 1000);
  assert_int_equal(health_reads_hanging(), 1);
  begin_us = clock_now_us();
  assert_int_equal(health_read(&device, -1, &result), HEALTH_READ_HANGS);
  assert_true(clock_now_us() - begin_us < HEALTH_READ_WAIT_MS * 1000 / 2); /* at once: no second thread */
  assert_int_equal(health_reads_hanging(), 1);
  int writer = open(path, O_WRONLY | O_CLOEXEC);
  assert_true(writer >= 0);
  gint64 deadline_us = clock_deadline_in_ms(10000);
  while (health_reads_hanging() > 0 && clock_now_us() < deadline_us)
    clock_sleep_until(clock_deadline_in_ms(10));
  assert_int_equal(health_reads_hanging(), 0);
  close(writer);
  close(device.fd);
  g_remove(path);
  g_rmdir(directory);
}

static void a_mount_made_writable_that_is_not_any_more_is_seen(void **state)
{
  (void)state;
  static const struct {
    const char *options, *super_options;
    gboolean stopped;
  } rows[] = {
    {"rw,relatime", "rw", FALSE},         {"ro,relatime", "ro", FALSE}, /* asked for */
    {"ro,relatime", "rw", FALSE},                                       /* a read-only publish */
    {"rw,relatime", "ro,errors=x", TRUE}, {"rw", "rw,emergency_ro", TRUE},
    {"rw", "rw,shutdown", TRUE},          {"rw", "rw,errors=remount-ro", FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *line =
      g_strdup_printf("36 35 7:3 / /a %s - ext4 /dev/vdb %s\n", rows[i].options, rows[i].super_options);
    g_autoptr(MountTable) table = mount_table_parse(line, NULL);
    assert_int_equal(health_source_stopped_writes(table, makedev(7, 3)), rows[i].stopped);
    assert_false(health_source_stopped_writes(table, makedev(7, 4)));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_can_be_read_is_well),
    cmocka_unit_test(a_read_that_hangs_is_begun_once),
    cmocka_unit_test(a_mount_made_writable_that_is_not_any_more_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
