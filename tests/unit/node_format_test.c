/* node/format.c's decision, node/probe.c on files, node/filesystem.c's judgement. */
#include "base/error.h"
#include "node/format.h"
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <sys/mman.h>

static void formats_only_what_is_surely_empty(void **state)
{
  (void)state;
  enum { EMPTY = PROBE_EMPTY, FS = PROBE_FILESYSTEM, OTHER = PROBE_OTHER };
  static const struct {
    int kind;
    const char *type, *label, *wanted;
    gboolean blank, if_empty, reader, zero;
    int expected;     /* -1: refused */
    const char *text; /* name of the file system, or part of the error */
  } rows[] = {
    {EMPTY, "", "", "xfs", TRUE, FALSE, FALSE, TRUE, FORMAT_MAKE, "xfs"},
    {EMPTY, "", "", "", TRUE, FALSE, FALSE, TRUE, FORMAT_MAKE, "ext3"},
    {EMPTY, "", "", "btrfs", FALSE, TRUE, FALSE, TRUE, FORMAT_MAKE, "btrfs"},
    {EMPTY, "", "", "ext4", FALSE, TRUE, FALSE, FALSE, -1, "not all zero"},
    {EMPTY, "", "", "ext4", TRUE, FALSE, FALSE, FALSE, -1, "not all zero"},
    {EMPTY, "", "", "ext4", FALSE, FALSE, FALSE, TRUE, -1, "no file system, but ext4 was asked for"},
    {EMPTY, "", "", "ext4", TRUE, FALSE, TRUE, TRUE, -1, "read-only"},
    {FS, "xfs", "EVSCSI-MKFS", "xfs", TRUE, FALSE, FALSE, FALSE, FORMAT_MAKE, "xfs"},
    {FS, "xfs", "EVSCSI-MKFS", "ext4", FALSE, TRUE, FALSE, FALSE, FORMAT_MAKE, "ext4"},
    {FS, "xfs", "EVSCSI-MKFS", "xfs", FALSE, FALSE, FALSE, FALSE, -1, "an unfinished file system"},
    {FS, "xfs", "EVSCSI-MKFS2", "xfs", TRUE, FALSE, FALSE, FALSE, FORMAT_TAKE, "xfs"},
    {FS, "ext4", "", "ext4", TRUE, FALSE, FALSE, FALSE, FORMAT_TAKE, "ext4"},
    {FS, "ext4", "data", "", FALSE, FALSE, FALSE, FALSE, FORMAT_TAKE, "ext4"},
    {FS, "ext4", "", "ext4", FALSE, FALSE, TRUE, FALSE, FORMAT_TAKE, "ext4"},
    {FS, "ext4", "", "xfs", TRUE, TRUE, FALSE, FALSE, -1, "holds 'ext4', but 'xfs' was asked for"},
    {FS, "ntfs", "", "", FALSE, FALSE, FALSE, FALSE, -1, "'ntfs', which is not one of"},
    {OTHER, "crypto_LUKS", "", "ext4", TRUE, TRUE, FALSE, FALSE, -1, "'crypto_LUKS', but ext4"},
    {OTHER, "gpt partition table", "EVSCSI-MKFS", "ext4", TRUE, TRUE, FALSE, FALSE, -1,
     "'gpt partition table'"},
    {OTHER, "LVM2_member", "", "", TRUE, TRUE, FALSE, TRUE, -1, "'LVM2_member', but any file system"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    ProbeResult found = {(ProbeKind)rows[i].kind, (char *)rows[i].type, (char *)rows[i].label};
    DiskFacts facts = {.blank = rows[i].blank, .if_empty = rows[i].if_empty};
    FormatDecision decision = FORMAT_TAKE;
    const Filesystem *filesystem = NULL;
    g_autoptr(GError) error = NULL;
    gboolean good = format_decide(&found, &facts, rows[i].wanted, "ext3", rows[i].reader, rows[i].zero,
                                  &decision, &filesystem, &error);
    assert_int_equal(good, rows[i].expected >= 0);
    if (good) {
      assert_int_equal(decision, rows[i].expected);
      assert_string_equal(filesystem->name, rows[i].text);
    } else {
      assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
      assert_non_null(strstr(error->message, rows[i].text));
    }
  }
}

static gboolean has(const char *const *argv, const char *word)
{
  return g_strv_contains(argv, word);
}

static void every_mkfs_writes_the_mark_and_every_clear_is_of_the_device(void **state)
{
  (void)state;
  static const char *const names[] = {"ext4", "ext3", "xfs", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    const Filesystem *filesystem = filesystem_find(names[i]);
    g_autofree char *tool = g_strconcat("mkfs.", names[i], NULL);
    assert_string_equal(filesystem->make[0], tool);
    assert_true(has(filesystem->make, FILESYSTEM_LABEL));
    assert_true(has(filesystem->make, FILESYSTEM_DEVICE));
    assert_true(has(filesystem->clear_label, FILESYSTEM_DEVICE));
    assert_false(has(filesystem->clear_label, FILESYSTEM_LABEL));
    assert_true(has(filesystem->grow, FILESYSTEM_DEVICE) || has(filesystem->grow, FILESYSTEM_MOUNT));
  }
  assert_string_equal(filesystem_find("xfs")->mount_data, "nouuid");
  assert_null(filesystem_find("ext2"));
  assert_null(filesystem_find(""));
}

static void e2fsck_exit_codes_are_judged(void **state)
{
  (void)state;
  static const struct {
    int exit_code;
    EvsCode code;
  } rows[] = {
    {0, EVS_CODE_OK},
    {1, EVS_CODE_OK},
    {2, EVS_CODE_OK},
    {3, EVS_CODE_OK},
    {4, EVS_CODE_FAILED_PRECONDITION},
    {5, EVS_CODE_FAILED_PRECONDITION},
    {8, EVS_CODE_INTERNAL},
    {12, EVS_CODE_INTERNAL},
    {16, EVS_CODE_INTERNAL},
    {32, EVS_CODE_INTERNAL},
    {128, EVS_CODE_INTERNAL},
    {-1, EVS_CODE_INTERNAL},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_int_equal(filesystem_judge_check(rows[i].exit_code, "out", &error), rows[i].code == EVS_CODE_OK);
    assert_int_equal(error ? evs_error_code(error) : EVS_CODE_OK, rows[i].code);
  }
}

enum { IMAGE_BYTES = 4 * 1024 * 1024 };

/* A sparse file in memory with these bytes at this offset. */
static int image_with(const void *bytes, gsize length, off_t offset)
{
  int fd = memfd_create("image", MFD_CLOEXEC);
  assert_int_equal(ftruncate(fd, IMAGE_BYTES), 0);
  assert_int_equal(pwrite(fd, bytes, length, offset), length);
  return fd;
}

static void probe_tells_what_is_there(void **state)
{
  (void)state;
  static const struct {
    const char *bytes;
    gsize length;
    off_t offset;
    ProbeKind kind;
    const char *type;
  } rows[] = {
    {"", 0, 0, PROBE_EMPTY, ""},
    {"LUKS\xba\xbe\0\1", 8, 0, PROBE_OTHER, "crypto_LUKS"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    int fd = image_with(rows[i].bytes, rows[i].length, rows[i].offset);
    g_auto(ProbeResult) result = {0};
    assert_true(probe_disk(fd, "image", &result, NULL));
    assert_int_equal(result.kind, rows[i].kind);
    assert_string_equal(result.type, rows[i].type);
    close(fd);
  }
}

static void edges_are_read_to_the_last_byte(void **state)
{
  (void)state;
  static const struct {
    off_t offset;
    gboolean zero;
  } rows[] = {{0, FALSE},
              {PROBE_EDGE_BYTES - 1, FALSE},
              {PROBE_EDGE_BYTES, TRUE},
              {IMAGE_BYTES - PROBE_EDGE_BYTES - 1, TRUE},
              {IMAGE_BYTES - PROBE_EDGE_BYTES, FALSE},
              {IMAGE_BYTES - 1, FALSE}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    int fd = image_with("x", 1, rows[i].offset);
    gboolean zero = FALSE;
    assert_true(probe_edges(fd, "image", IMAGE_BYTES, &zero, NULL));
    assert_int_equal(zero, rows[i].zero);
    g_autoptr(GError) error = NULL;
    assert_false(probe_edges(fd, "image", IMAGE_BYTES + 1, &zero, &error));
    assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
    close(fd);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(formats_only_what_is_surely_empty),
    cmocka_unit_test(every_mkfs_writes_the_mark_and_every_clear_is_of_the_device),
    cmocka_unit_test(e2fsck_exit_codes_are_judged),
    cmocka_unit_test(probe_tells_what_is_there),
    cmocka_unit_test(edges_are_read_to_the_last_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
