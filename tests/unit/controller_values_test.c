/* The pure parts of the controller: names, tokens, sizes, parameters, capabilities. */
#include "base/error.h"
#include "controller/capability.h"
#include "controller/client_token.h"
#include "controller/parameters.h"
#include "controller/volume_name.h"
#include "controller/volume_size.h"
#include "tests/unit/cmocka_all.h"

#define GIB BYTES_PER_GIB
#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static void assert_error(GError *error, EvsCode code, const char *text)
{
  assert_non_null(error);
  assert_int_equal(evs_error_code(error), code);
  if (!strstr(error->message, text))
    fail_msg("'%s' is not in '%s'", text, error->message);
  g_error_free(error);
}

static void test_name_check(void **state)
{
  (void)state;
  static const struct {
    const char *name, *text; /* text NULL: accepted */
  } rows[] = {
    {"pvc-1", NULL},
    {A64 A64, NULL},
    {"größe", NULL},
    {"", "field 'name' is empty"},
    {A64 A64 "b", "129 bytes; at most 128"},
    {"a\nb", "control characters"},
    {"\xff", "control characters"},
    {"autobk_snapshot_1", "autobk_snapshot_"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    GError *error = NULL;
    gboolean good = volume_name_check(rows[i].name, &error);
    assert_int_equal(good, rows[i].text == NULL);
    if (rows[i].text)
      assert_error(error, EVS_CODE_INVALID_ARGUMENT, rows[i].text);
  }
}

static void test_evs_name(void **state)
{
  (void)state;
  static const struct {
    const char *name, *evs_name;
  } rows[] = {
    {"pvc-1.a_B", "pvc-1.a_B"},
    {A64, A64},
    {A64 "a", A16 "aaaaaaaaaaaaaaa-635361c48bb9eab14198e76ea8ab7f1a"},
    {"größe", "gr____e-d353a2671b67afff0941ae456e5c76e9"},
    {"a b", "a_b-"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *name = volume_name_to_evs(rows[i].name);
    if (g_str_has_suffix(rows[i].evs_name, "-"))
      assert_true(g_str_has_prefix(name, rows[i].evs_name));
    else
      assert_string_equal(name, rows[i].evs_name);
    assert_true(strlen(name) <= EVS_NAME_MAX);
  }
}

static void test_token(void **state)
{
  (void)state;
  static const guint8 dns[UUID_BYTES] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                         0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  g_autofree char *known = uuid_v5(dns, "python.org", 10);
  assert_string_equal(known, "886313e1-3b8a-5372-9b90-0c9aee199e5d");

  g_autofree char *first = client_token_new("prod", "evs.csi.huaweicloud.com", "pvc-1", 0);
  g_autofree char *second = client_token_new("prod", "evs.csi.huaweicloud.com", "pvc-1", 1);
  assert_string_equal(first, "0a4afda1-db5e-5c2d-806d-15779231fdae");
  assert_string_equal(second, "78539377-ad53-50e4-8856-b3151b2c5bf8");
}

static void test_size(void **state)
{
  (void)state;
  static const struct {
    gint64 required, limit;
    gint64 create, least, most;
    EvsCode code;
    const char *text;
  } rows[] = {
    {0, 0, 10, 0, G_MAXINT64, 0, NULL},
    {1, 0, 10, 1, G_MAXINT64, 0, NULL},
    {10 * GIB, 0, 10, 10, G_MAXINT64, 0, NULL},
    {10 * GIB + 1, 0, 11, 11, G_MAXINT64, 0, NULL},
    {10 * GIB + 1, 12 * GIB - 1, 11, 11, 11, 0, NULL},
    {0, 10 * GIB, 10, 0, 10, 0, NULL},
    {32768 * GIB, 0, 32768, 32768, G_MAXINT64, 0, NULL},
    {32768 * GIB + 1, 0, 0, 0, 0, EVS_CODE_OUT_OF_RANGE, "from 10 to 32768 GiB"},
    {G_MAXINT64, 0, 0, 0, 0, EVS_CODE_OUT_OF_RANGE, "required_bytes"},
    {-1, 0, 0, 0, 0, EVS_CODE_INVALID_ARGUMENT, "required_bytes' is -1"},
    {0, -5, 0, 0, 0, EVS_CODE_INVALID_ARGUMENT, "limit_bytes' is -5"},
    {GIB, GIB - 1, 0, 0, 0, EVS_CODE_INVALID_ARGUMENT, "less than required_bytes"},
    {0, 10 * GIB - 1, 0, 0, 0, EVS_CODE_OUT_OF_RANGE, "smallest disk for this request has 10 GiB"},
    {10 * GIB + 1, 10 * GIB + 2, 0, 0, 0, EVS_CODE_OUT_OF_RANGE, "11 GiB"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    GError *error = NULL;
    VolumeSize size = {0};
    if (volume_size_choose(rows[i].required, rows[i].limit, &size, &error)) {
      assert_null(rows[i].text);
      assert_int_equal(size.create_gib, rows[i].create);
      assert_int_equal(size.least_gib, rows[i].least);
      assert_int_equal(size.most_gib, rows[i].most);
    } else {
      assert_non_null(rows[i].text);
      assert_error(error, rows[i].code, rows[i].text);
    }
  }
}

/* Parses "key", "value", ..., NULL. */
static gboolean parse(const char *const *pairs, UnknownParameters unknown, VolumeParameters *ret,
                      GError **error)
{
  enum { MAX_PAIRS = 16 };
  StringMapEntry entries[MAX_PAIRS] = {0};
  const StringMapEntry *pointers[MAX_PAIRS];
  gsize count = 0;
  for (; pairs[2 * count]; count++) {
    entries[count].key = (char *)pairs[2 * count];
    entries[count].value = (char *)pairs[2 * count + 1];
    pointers[count] = &entries[count];
  }
  return parameters_parse((StringMap){.entries = pointers, .count = count}, unknown, ret, error);
}

#define UUID "0f0e7a5c-1111-4222-8333-444455556666"

static void test_parameters(void **state)
{
  (void)state;
  static const char *const pairs[] = {"type",
                                      "SSD",
                                      "availability",
                                      "az-1",
                                      "dssId",
                                      UUID,
                                      "scsi",
                                      "true",
                                      "kmsId",
                                      UUID,
                                      "iops",
                                      "4000",
                                      "throughput",
                                      "300",
                                      "tags",
                                      "a=b, team=storage",
                                      "enterpriseProjectId",
                                      "0",
                                      "multiattach",
                                      "yes",
                                      "csi.storage.k8s.io/pv/name",
                                      "pv1",
                                      "csi.storage.k8s.io/fstype",
                                      "xfs",
                                      "type",
                                      "SAS",
                                      NULL};
  g_auto(VolumeParameters) got = {0};
  assert_true(parse(pairs, PARAMETERS_REFUSE_UNKNOWN, &got, NULL));
  assert_string_equal(got.type, "SAS"); /* the last of a repeated key */
  assert_string_equal(got.availability, "az-1");
  assert_string_equal(got.dedicated_storage_id, UUID);
  assert_string_equal(got.kms_key_id, UUID);
  assert_true(got.scsi && got.multiattach && !got.full_clone);
  assert_int_equal(got.iops, 4000);
  assert_int_equal(got.throughput, 300);
  assert_string_equal(got.enterprise_project_id, "0");
  assert_string_equal(got.pv_name, "pv1");
  assert_string_equal(g_hash_table_lookup(got.tags, "a"), "b");
  assert_string_equal(g_hash_table_lookup(got.tags, "team"), "storage");
}

static void test_bad_parameters(void **state)
{
  (void)state;
  static const struct {
    const char *key, *value, *text;
  } rows[] = {
    {"Type", "SSD", "parameter 'Type' is unknown; accepted: type, availability"},
    {"shareable", "true", "parameter 'shareable' is unknown"},
    {"type", "", "parameter 'type' is ''; accepted: 1-64"},
    {"type", "S/D", "parameter 'type'"},
    {"dssId", "pool-1", "parameter 'dssId' is 'pool-1'; accepted: a UUID"},
    {"kmsId", "", "parameter 'kmsId'"},
    {"scsi", "maybe", "accepted: true, false"},
    {"iops", "0", "from 1 to 1000000"},
    {"iops", "1e3", "parameter 'iops'"},
    {"throughput", "-1", "parameter 'throughput'"},
    {"enterpriseProjectId", "default", "a UUID or 0"},
    {"tags", "", "at most 10"},
    {"tags", "a", "at most 10"},
    {"tags", "a=", "values 1-43"},
    {"tags", "a=b,a=c", "no key twice"},
    {"tags", "a.b=c", "keys 1-36"},
    {"tags", "a=b/c", "at most 10"},
    {"tags", "k1=v,k2=v,k3=v,k4=v,k5=v,k6=v,k7=v,k8=v,k9=v,k10=v,k11=v", "at most 10"},
    {"tags", "abcdefghijklmnopqrstuvwxyzabcdefghijk=v", "keys 1-36"},
    {"csi.storage.k8s.io/pv/name", "a\nb", "csi.storage.k8s.io/pv/name"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const char *const pairs[] = {rows[i].key, rows[i].value, NULL};
    g_auto(VolumeParameters) got = {0};
    GError *error = NULL;
    assert_false(parse(pairs, PARAMETERS_REFUSE_UNKNOWN, &got, &error));
    assert_error(error, EVS_CODE_INVALID_ARGUMENT, rows[i].text);
  }
  g_auto(VolumeParameters) got = {0};
  assert_true(parse((const char *const[]){"shareable", "true", NULL}, PARAMETERS_WARN_UNKNOWN, &got, NULL));
}

static void test_performance(void **state)
{
  (void)state;
  static const struct {
    const char *type;
    gint64 size, iops, throughput;
    const char *text;
  } rows[] = {
    {"SSD", 10, 0, 0, NULL},
    {"SSD", 10, 100, 0, "parameter 'iops' is not accepted for disk type 'SSD'"},
    {"SSD", 10, 0, 100, "parameter 'throughput' is not accepted"},
    {"GPSSD2", 10, 5000, 125, NULL},
    {"GPSSD2", 10, 5001, 125, "3000 to 5000"},
    {"GPSSD2", 10, 0, 125, "parameter 'iops' is missing"},
    {"GPSSD2", 10, 4000, 0, "parameter 'throughput' is missing"},
    {"GPSSD2", 1000, 3000, 751, "125 to 750"},
    {"GPSSD2", 1000, 128000, 1000, NULL},
    {"GPSSD2", 1000, 128001, 1000, "3000 to 128000"},
    {"ESSD2", 10, 10000, 0, NULL},
    {"ESSD2", 10, 10001, 0, "100 to 10000"},
    {"ESSD2", 10, 100, 125, "parameter 'throughput' is not accepted"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    VolumeParameters given = {.iops = rows[i].iops, .throughput = rows[i].throughput};
    GError *error = NULL;
    gboolean good = parameters_check_performance(&given, rows[i].type, rows[i].size, &error);
    assert_int_equal(good, rows[i].text == NULL);
    if (rows[i].text)
      assert_error(error, EVS_CODE_INVALID_ARGUMENT, rows[i].text);
  }
}

#define MODE(name) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##name

/* Checks one capability as a list of one. fs_type NULL: raw block. */
static gboolean check(const char *fs_type, int mode, CapabilityNeeds *ret, GError **error)
{
  Csi__V1__VolumeCapability__MountVolume mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
  Csi__V1__VolumeCapability__BlockVolume block = CSI__V1__VOLUME_CAPABILITY__BLOCK_VOLUME__INIT;
  Csi__V1__VolumeCapability__AccessMode access_mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
  Csi__V1__VolumeCapability capability = CSI__V1__VOLUME_CAPABILITY__INIT;
  access_mode.mode = mode;
  capability.access_mode = &access_mode;
  if (fs_type) {
    mount.fs_type = (char *)fs_type;
    capability.mount = &mount;
    capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
  } else {
    capability.block = &block;
    capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
  }
  Csi__V1__VolumeCapability *list[] = {&capability};
  return capability_check_list(list, 1, ret, error);
}

static void test_capability(void **state)
{
  (void)state;
  static const struct {
    const char *fs_type;
    int mode;
    const char *text;
  } rows[] = {
    {"", MODE(SINGLE_NODE_WRITER), NULL},
    {"ext4", MODE(SINGLE_NODE_SINGLE_WRITER), NULL},
    {"ext3", MODE(SINGLE_NODE_MULTI_WRITER), NULL},
    {"xfs", MODE(SINGLE_NODE_READER_ONLY), NULL},
    {"btrfs", MODE(SINGLE_NODE_WRITER), NULL},
    {NULL, MODE(SINGLE_NODE_WRITER), NULL},
    {NULL, MODE(SINGLE_NODE_SINGLE_WRITER), NULL},
    {NULL, MODE(SINGLE_NODE_MULTI_WRITER), NULL},
    {NULL, MODE(SINGLE_NODE_READER_ONLY), NULL},
    {NULL, MODE(MULTI_NODE_MULTI_WRITER), NULL},
    {"ext4", MODE(MULTI_NODE_MULTI_WRITER),
     "'MULTI_NODE_MULTI_WRITER', which a disk does not support as file system, because two servers that "
     "mount one "
     "file system destroy it; accepted: SINGLE_NODE_WRITER"},
    {"ext4", MODE(MULTI_NODE_READER_ONLY), "accepted: SINGLE_NODE_WRITER, SINGLE_NODE_SINGLE_WRITER"},
    {NULL, MODE(MULTI_NODE_READER_ONLY), "MULTI_NODE_MULTI_WRITER (disk with multiattach)"},
    {NULL, MODE(MULTI_NODE_SINGLE_WRITER),
     "as raw block, because every server that attaches a shared disk can write to it; accepted: "},
    {NULL, 9, "'mode 9'"},
    {"ext4", MODE(UNKNOWN), "access_mode' is missing"},
    {"ntfs", MODE(SINGLE_NODE_WRITER), "fs_type' is 'ntfs'; accepted: ext4, ext3, xfs, btrfs"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    GError *error = NULL;
    CapabilityNeeds needs = {0};
    gboolean good = check(rows[i].fs_type, rows[i].mode, &needs, &error);
    assert_int_equal(good, rows[i].text == NULL);
    if (rows[i].text) {
      assert_error(error, EVS_CODE_INVALID_ARGUMENT, rows[i].text);
      continue;
    }
    assert_int_equal(needs.block, rows[i].fs_type == NULL);
    assert_int_equal(needs.mount, rows[i].fs_type != NULL);
    assert_int_equal(needs.multi_node, rows[i].mode == MODE(MULTI_NODE_MULTI_WRITER));
  }

  GError *error = NULL;
  CapabilityNeeds needs = {0};
  assert_false(capability_check_list(NULL, 0, &needs, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "field 'volume_capabilities' is empty");
  Csi__V1__VolumeCapability nothing = CSI__V1__VOLUME_CAPABILITY__INIT;
  error = NULL;
  assert_false(capability_check(&nothing, "volume_capability", &needs, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "field 'volume_capability.access_type' is missing");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_name_check),  cmocka_unit_test(test_evs_name),
    cmocka_unit_test(test_token),       cmocka_unit_test(test_size),
    cmocka_unit_test(test_parameters),  cmocka_unit_test(test_bad_parameters),
    cmocka_unit_test(test_performance), cmocka_unit_test(test_capability),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
