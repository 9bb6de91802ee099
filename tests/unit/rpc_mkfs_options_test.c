/* rpc/mkfs_options.c: what each file system takes, and what the error of everything else names. */
#include "base/error.h"
#include "rpc/mkfs_options.h"
#include "tests/unit/cmocka_all.h"

static void the_table_holds(void **state)
{
  (void)state;
  static const struct {
    const char *fs_type, *texts[MKFS_N_OPTIONS];
    const char *refused; /* part of the error; NULL: accepted */
  } rows[] = {
    {"ext4", {NULL, NULL, NULL, NULL}, NULL},
    {"btrfs", {NULL, NULL, NULL, NULL}, NULL},
    {"ext4", {"1024", "128", "1024", NULL}, NULL},
    {"ext3", {"4096", "4096", "67108864", NULL}, NULL},
    {"ext4", {NULL, "4096", NULL, "16"}, NULL},
    {"ext4", {"2048", NULL, NULL, "4294967295"}, NULL},
    {"xfs", {"1024", "512", NULL, NULL}, NULL},
    {"xfs", {"4096", "2048", NULL, NULL}, NULL},
    {"xfs", {NULL, "2048", NULL, NULL}, NULL},
    {"ext4", {"512", NULL, NULL, NULL}, "blockSize '512' of ext4 is not a power of two from 1024 to 4096"},
    {"ext4", {"8192", NULL, NULL, NULL}, "blockSize '8192'"},
    {"ext4", {"3000", NULL, NULL, NULL}, "blockSize '3000'"},
    {"ext4", {"", NULL, NULL, NULL}, "blockSize ''"},
    {"ext4", {" 4096", NULL, NULL, NULL}, "blockSize ' 4096'"},
    {"ext4", {"4k", NULL, NULL, NULL}, "blockSize '4k'"},
    {"ext4", {"4096 -E discard", NULL, NULL, NULL}, "blockSize '4096 -E discard'"},
    {"ext4", {"\n", NULL, NULL, NULL}, "blockSize '?'"},
    {"ext4", {NULL, "64", NULL, NULL}, "inodeSize '64' of ext4 is not a power of two from 128 to 4096"},
    {"ext4", {"1024", "2048", NULL, NULL}, "inodeSize '2048' of ext4 is more than 1024"},
    {"ext4",
     {NULL, NULL, "1023", NULL},
     "bytesPerInode '1023' of ext4 is not a number from 1024 to 67108864"},
    {"ext4", {NULL, NULL, "67108865", NULL}, "bytesPerInode '67108865'"},
    {"ext4", {NULL, NULL, NULL, "15"}, "numberOfInodes '15' of ext4 is not a number from 16 to 4294967295"},
    {"ext4", {NULL, NULL, NULL, "4294967296"}, "numberOfInodes '4294967296'"},
    {"ext4", {NULL, NULL, NULL, "-1"}, "numberOfInodes '-1'"},
    {"ext4", {NULL, NULL, "4096", "4096"}, "bytesPerInode and numberOfInodes exclude each other"},
    {"xfs", {NULL, "256", NULL, NULL}, "inodeSize '256' of xfs is not a power of two from 512 to 2048"},
    {"xfs", {"1024", "1024", NULL, NULL}, "inodeSize '1024' of xfs is more than 512"},
    {"xfs", {NULL, NULL, "4096", NULL}, "'bytesPerInode' is not an option of xfs"},
    {"xfs", {NULL, NULL, NULL, "4096"}, "'numberOfInodes' is not an option of xfs"},
    {"btrfs", {"4096", NULL, NULL, NULL}, "'blockSize' is not an option of btrfs"},
    {"zfs", {"4096", NULL, NULL, NULL}, "'blockSize' is not an option of zfs"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    guint64 values[MKFS_N_OPTIONS] = {7, 7, 7, 7};
    gboolean good = mkfs_options_parse(rows[i].fs_type, rows[i].texts, values, &error);
    if (rows[i].refused) {
      assert_false(good);
      assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
      if (!strstr(error->message, rows[i].refused))
        fail_msg("row %zu: %s", i, error->message);
      assert_int_equal(values[0], 7); /* untouched */
      continue;
    }
    if (!good)
      fail_msg("row %zu: %s", i, error->message);
    for (int n = 0; n < MKFS_N_OPTIONS; n++)
      assert_int_equal(values[n], rows[i].texts[n] ? g_ascii_strtoull(rows[i].texts[n], NULL, 10) : 0);
  }
}

static void keys_are_those_of_the_storage_class(void **state)
{
  (void)state;
  static const char *const keys[] = {"blockSize", "inodeSize", "bytesPerInode", "numberOfInodes"};
  for (int i = 0; i < MKFS_N_OPTIONS; i++)
    assert_string_equal(mkfs_option_key((MkfsOption)i), keys[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_table_holds),
    cmocka_unit_test(keys_are_those_of_the_storage_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
