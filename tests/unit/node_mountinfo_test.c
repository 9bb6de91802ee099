/* node/mountinfo.c: the parser against the kernel's own table, hand-made and damaged lines. */
#include "base/error.h"
#include "node/mountinfo.h"
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define GOOD                                                                                                 \
  "64 43 7:0 / /var/lib/kubelet/a\\040b rw,nosuid,relatime shared:1 master:2 - ext4 /dev/vdb "               \
  "rw,errors=remount-ro\n"

static void fields_are_taken_by_position_and_unescaped(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  g_autoptr(MountTable) table =
    mount_table_parse(GOOD "65 43 0:40 /sub /b\\134\\011c ro - btrfs  rw\n", &error);
  assert_null(error);
  assert_int_equal(table->count, 2);
  const MountEntry *first = &table->entries[0], *second = &table->entries[1];
  assert_int_equal(first->number, makedev(7, 0));
  assert_string_equal(first->mount_point, "/var/lib/kubelet/a b");
  assert_string_equal(first->options, "rw,nosuid,relatime");
  assert_string_equal(first->fs_type, "ext4");
  assert_string_equal(first->source, "/dev/vdb");
  assert_string_equal(first->super_options, "rw,errors=remount-ro");
  assert_string_equal(second->root, "/sub");
  assert_string_equal(second->mount_point, "/b\\\tc");
  assert_string_equal(second->source, "");
}

static void damaged_lines_are_refused_by_number(void **state)
{
  (void)state;
  static const char *const lines[] = {
    "",
    "64 43 7:0 / /a rw",
    "64 43 7:0 / /a rw -",
    "64 43 7:0 / /a rw - ext4 /dev/vdb",
    "64 43 7 / /a rw - ext4 /dev/vdb rw",
    "64 43 7:0:1 / /a rw - ext4 /dev/vdb rw",
    "64 43 -7:0 / /a rw - ext4 /dev/vdb rw",
    "64 43 7:9999999 / /a rw - ext4 /dev/vdb rw",
    "64 43 7:x / /a rw - ext4 /dev/vdb rw",
    "64 43 7:0 / a rw - ext4 /dev/vdb rw",
    "64 43 7:0  /a rw - ext4 /dev/vdb rw",
    "- - - - - -",
    "\\040",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
    g_autofree char *text = g_strconcat(GOOD, lines[i], "\n", NULL);
    g_autoptr(GError) error = NULL;
    assert_null(mount_table_parse(text, &error));
    assert_true(evs_error_is(error, EVS_CODE_INTERNAL));
    assert_string_equal(error->message, "line 2 of the mount table is malformed");
  }
}

/* Every single-byte change and every cut of a good line either parses or is refused; nothing is read out of bounds
 * (the sanitizers see to that). */
static void mutations_never_crash(void **state)
{
  (void)state;
  static const char bytes[] = {'\\', ' ', '-', '\n', ':', '0', '\x7f', (char)0xff};
  gsize length = strlen(GOOD);
  for (gsize at = 0; at < length; at++) {
    g_autofree char *cut = g_strndup(GOOD, at);
    g_autoptr(MountTable) table G_GNUC_UNUSED = mount_table_parse(cut, NULL);
    for (gsize b = 0; b < sizeof bytes; b++) {
      g_autofree char *changed = g_strdup(GOOD);
      changed[at] = bytes[b];
      g_autoptr(MountTable) other G_GNUC_UNUSED = mount_table_parse(changed, NULL);
    }
  }
}

static void entries_are_bounded(void **state)
{
  (void)state;
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i <= MOUNTINFO_MAX_ENTRIES; i++)
    g_string_append(text, "1 1 7:0 / /a rw - ext4 s rw\n");
  g_autoptr(GError) error = NULL;
  assert_null(mount_table_parse(text->str, &error));
  assert_true(evs_error_is(error, EVS_CODE_RESOURCE_EXHAUSTED));
}

static void the_last_mount_on_a_path_counts(void **state)
{
  (void)state;
  g_autoptr(MountTable) table = mount_table_parse("1 1 7:0 / /a rw - ext4 one rw\n"
                                                  "2 1 7:1 / /a rw - ext4 two rw\n"
                                                  "3 1 7:2 / /ab rw - ext4 three rw\n",
                                                  NULL);
  assert_string_equal(mount_table_at(table, "/a")->source, "two");
  assert_null(mount_table_at(table, "/"));
  assert_true(mount_entry_is_of(&table->entries[1], makedev(7, 1)));
  assert_false(mount_entry_is_of(&table->entries[1], makedev(7, 0)));
}

static void options_are_whole_words(void **state)
{
  (void)state;
  assert_true(mount_options_have("rw,ro,noatime", "ro"));
  assert_false(mount_options_have("rw,errors=remount-ro,norelatime", "ro"));
}

static void the_kernels_table_parses(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  g_autoptr(MountTable) table = mount_table_read(&error);
  assert_non_null(table);
  assert_non_null(mount_table_at(table, "/proc"));
}

static gboolean is_top(const char *path)
{
  g_autoptr(GError) error = NULL;
  gboolean top = FALSE;
  struct stat status;
  dev_t number = 0;
  int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_true(mount_is_top(fd, path, &top, &error));
  assert_int_equal(fstat(fd, &status), 0);
  if (mount_top_ask(fd, &number) != MOUNT_TOP_UNKNOWN)
    assert_int_equal(number, status.st_dev);
  close(fd);
  return top;
}

static void a_directory_knows_whether_a_mount_begins_there(void **state)
{
  (void)state;
  g_autofree char *directory = g_dir_make_tmp("mountinfo.XXXXXX", NULL);
  assert_true(is_top("/"));
  assert_true(is_top("/proc"));
  assert_false(is_top("/proc/sys"));
  assert_false(is_top(directory));
  assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(fields_are_taken_by_position_and_unescaped),
    cmocka_unit_test(damaged_lines_are_refused_by_number),
    cmocka_unit_test(mutations_never_crash),
    cmocka_unit_test(entries_are_bounded),
    cmocka_unit_test(the_last_mount_on_a_path_counts),
    cmocka_unit_test(options_are_whole_words),
    cmocka_unit_test(the_kernels_table_parses),
    cmocka_unit_test(a_directory_knows_whether_a_mount_begins_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
