/* node/request.c and node/mount_flags.c: what requests may say. */
#include "base/error.h"
#include "node/request.h"
#include "tests/unit/cmocka_all.h"

#include <sys/mount.h>

#define ID "62f0d06b-808d-480d-8b5e-0123456789ab"
#define SERIAL "62f0d06b-808d-480d-8"
#define WWN "6888603000008b32fa16688d09368506"

typedef Csi__V1__NodeStageVolumeRequest__PublishContextEntry Entry;

enum { MAX_PAIRS = 8 };
typedef struct {
  Entry entries[MAX_PAIRS];
  Entry *pointers[MAX_PAIRS];
  gsize count;
} Map;

/* "a=1;b=2" */
static void map_fill(Map *map, const char *text)
{
  g_auto(GStrv) pairs = g_strsplit(text, ";", -1);
  *map = (Map){0};
  for (guint i = 0; pairs[i] && *pairs[i]; i++) {
    char *equals = strchr(pairs[i], '=');
    map->entries[i] =
      (Entry){.key = g_strndup(pairs[i], (gsize)(equals - pairs[i])), .value = g_strdup(equals + 1)};
    map->pointers[i] = &map->entries[i];
    map->count++;
  }
}

static void map_clear(Map *map)
{
  for (gsize i = 0; i < map->count; i++) {
    g_free(map->entries[i].key);
    g_free(map->entries[i].value);
  }
}

static gboolean parse(const char *id, const char *publish, const char *volume, DiskFacts *facts,
                      GError **error)
{
  Map a, b;
  map_fill(&a, publish);
  map_fill(&b, volume);
  gboolean good = disk_facts_parse(id, a.pointers, a.count, b.pointers, b.count, facts, error);
  map_clear(&a);
  map_clear(&b);
  return good;
}

static void facts_of_both_buses_are_read(void **state)
{
  (void)state;
  g_auto(DiskFacts) virtio = {0}, scsi = {0};
  assert_true(parse(ID, "bus=virtio;serial=" SERIAL ";size-bytes=1;size-bytes=10737418240;blank=true", "x=y",
                    &virtio, NULL));
  assert_string_equal(virtio.identity, SERIAL);
  assert_int_equal(virtio.size_bytes, G_GINT64_CONSTANT(10737418240));
  assert_true(virtio.blank);
  assert_false(virtio.if_empty);
  assert_true(parse(ID, "bus=scsi;wwn=6888603000008B32FA16688D09368506;size-bytes=1;blank=false",
                    "format=if-empty", &scsi, NULL));
  assert_string_equal(scsi.identity, WWN);
  assert_false(scsi.blank);
  assert_true(scsi.if_empty);
}

static void context_of_the_go_driver_never_formats(void **state)
{
  (void)state;
  g_auto(DiskFacts) facts = {0};
  assert_true(parse(ID, "devicePath=/dev/vdb;blank=true", "format=if-empty", &facts, NULL));
  assert_string_equal(facts.identity, SERIAL);
  assert_int_equal(facts.size_bytes, 0);
  assert_false(facts.blank);
  assert_false(facts.if_empty);
}

static void bad_contexts_name_the_field(void **state)
{
  (void)state;
  static const struct {
    const char *id, *publish, *volume, *text;
    EvsCode code;
  } rows[] = {
    {ID, "bus=ide;size-bytes=1", "", "publish_context.bus", EVS_CODE_INVALID_ARGUMENT},
    {ID, "size-bytes=1", "", "publish_context.bus", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio", "", "publish_context.size-bytes", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio;size-bytes=-1", "", "publish_context.size-bytes", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio;size-bytes=0", "", "publish_context.size-bytes", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio;size-bytes=1e9", "", "publish_context.size-bytes", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio;size-bytes=1;blank=perhaps", "", "publish_context.blank", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio;size-bytes=1;serial=62f0d06b-808d-480d-9", "", "publish_context.serial",
     EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=scsi;size-bytes=1", "", "publish_context.wwn", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=scsi;size-bytes=1;wwn=12", "", "publish_context.wwn", EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=scsi;size-bytes=1;wwn=6888603000008b32fa16688d0936850g", "", "publish_context.wwn",
     EVS_CODE_INVALID_ARGUMENT},
    {ID, "bus=virtio;size-bytes=1", "format=always", "volume_context.format", EVS_CODE_INVALID_ARGUMENT},
    {"short", "", "", "volume_id 'short'", EVS_CODE_NOT_FOUND},
    {"fake-vol-id-0123456789-and-more-of-it", "", "", "is not the id of an EVS disk", EVS_CODE_NOT_FOUND},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(DiskFacts) facts = {0};
    g_autoptr(GError) error = NULL;
    assert_false(parse(rows[i].id, rows[i].publish, rows[i].volume, &facts, &error));
    assert_int_equal(evs_error_code(error), rows[i].code);
    assert_non_null(strstr(error->message, rows[i].text));
  }
}

static void volume_ids_are_bounded(void **state)
{
  (void)state;
  g_autofree char *longest = g_strnfill(REQUEST_MAX_ID, 'a'), *longer = g_strnfill(REQUEST_MAX_ID + 1, 'a');
  assert_true(request_check_volume_id("fake-vol-id-1234", NULL));
  assert_true(request_check_volume_id(longest, NULL));
  const char *const bad[] = {"", longer, "a/b", "a\nb", "\xff"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    assert_false(request_check_volume_id(bad[i], &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  }
}

#define MODE(name) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##name

static gboolean use_of(int mode, gboolean block, const char *fs_type, char *flag, VolumeUse *use,
                       GError **error)
{
  Csi__V1__VolumeCapability capability = CSI__V1__VOLUME_CAPABILITY__INIT;
  Csi__V1__VolumeCapability__AccessMode access = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
  Csi__V1__VolumeCapability__MountVolume mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
  Csi__V1__VolumeCapability__BlockVolume raw = CSI__V1__VOLUME_CAPABILITY__BLOCK_VOLUME__INIT;
  access.mode = (Csi__V1__VolumeCapability__AccessMode__Mode)mode;
  mount.fs_type = (char *)fs_type;
  mount.mount_flags = &flag;
  mount.n_mount_flags = flag ? 1 : 0;
  capability.access_mode = &access;
  if (block) {
    capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
    capability.block = &raw;
  } else if (fs_type) {
    capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
    capability.mount = &mount;
  }
  return volume_use_parse(&capability, use, error);
}

static void capabilities_become_uses(void **state)
{
  (void)state;
  g_auto(VolumeUse) writer = {0}, reader = {0}, shared = {0};
  char flag[] = "noatime,discard";
  assert_true(use_of(MODE(SINGLE_NODE_SINGLE_WRITER), FALSE, "xfs", flag, &writer, NULL));
  assert_false(writer.block);
  assert_true(writer.single_writer);
  assert_false(writer.reader_only);
  assert_string_equal(writer.fs_type, "xfs");
  assert_int_equal(writer.flags.bits, MS_NOATIME);
  assert_string_equal(writer.flags.data, "discard");
  assert_true(use_of(MODE(MULTI_NODE_READER_ONLY), FALSE, "", NULL, &reader, NULL));
  assert_true(reader.reader_only);
  assert_string_equal(reader.fs_type, "");
  assert_true(use_of(MODE(MULTI_NODE_MULTI_WRITER), TRUE, NULL, NULL, &shared, NULL));
  assert_true(shared.block);
}

static void bad_capabilities_are_named(void **state)
{
  (void)state;
  static const struct {
    int mode;
    const char *fs_type, *text;
  } rows[] = {
    {MODE(UNKNOWN), "ext4", "volume_capability.access_mode"},
    {99, "ext4", "volume_capability.access_mode"},
    {MODE(MULTI_NODE_MULTI_WRITER), "ext4", "MULTI_NODE_MULTI_WRITER"},
    {MODE(MULTI_NODE_SINGLE_WRITER), "ext4", "MULTI_NODE_SINGLE_WRITER"},
    {MODE(SINGLE_NODE_WRITER), NULL, "volume_capability.access_type"},
    {MODE(SINGLE_NODE_WRITER), "ntfs", "'ntfs' is not one of ext4, ext3, xfs, btrfs"},
    {MODE(SINGLE_NODE_WRITER), "../ext4", "volume_capability.mount.fs_type"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(VolumeUse) use = {0};
    g_autoptr(GError) error = NULL;
    assert_false(use_of(rows[i].mode, FALSE, rows[i].fs_type, NULL, &use, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    assert_non_null(strstr(error->message, rows[i].text));
  }
  g_autoptr(GError) missing = NULL;
  VolumeUse none = {0};
  assert_false(volume_use_parse(NULL, &none, &missing));
  assert_string_equal(missing->message, "volume_capability is missing");
}

static void mount_flags_are_sorted(void **state)
{
  (void)state;
  static const struct {
    const char *item;
    unsigned long bits;
    const char *data;
  } rows[] = {
    {"", 0, ""},
    {"defaults,_netdev,nofail,x-systemd.automount", 0, ""},
    {"ro,nosuid,nodev,noexec", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    {"ro,rw", 0, ""},
    {"noatime,relatime", MS_RELATIME, ""},
    {"data=ordered,noatime,,commit=30", MS_NOATIME, "data=ordered,commit=30"},
    {"context=\"system_u:object_r:container_file_t:s0:c1,c2\",ro", MS_RDONLY,
     "context=\"system_u:object_r:container_file_t:s0:c1,c2\""},
    {"subvol=a", 0, "subvol=a"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(MountFlags) flags = {0};
    char *item = (char *)rows[i].item;
    assert_true(mount_flags_parse(&item, 1, &flags, NULL));
    assert_int_equal(flags.bits, rows[i].bits);
    assert_string_equal(flags.data, rows[i].data);
  }
  assert_int_equal(mount_flags_of_options("rw,nosuid,relatime,discard"), MS_NOSUID | MS_RELATIME);
}

static void dangerous_mount_flags_are_refused_by_name(void **state)
{
  (void)state;
  static const char *const rows[] = {"bind",
                                     "remount",
                                     "rshared",
                                     "move",
                                     "loop=/dev/loop1",
                                     "offset=512",
                                     "device=/dev/sda",
                                     "logdev=/dev/vda",
                                     "journal_path=/dev/vda",
                                     "helper=x",
                                     "X-mount.mkdir",
                                     "user"};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    char *items[] = {(char *)"noatime", g_strconcat("ro,", rows[i], NULL)};
    MountFlags flags = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *quoted = g_strdup_printf("mount_flags: '%s' is not accepted", rows[i]);
    assert_false(mount_flags_parse(items, 2, &flags, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    assert_true(g_str_has_prefix(error->message, quoted));
    g_free(items[1]);
  }
}

static void mount_flags_are_bounded(void **state)
{
  (void)state;
  g_autofree char *many = g_strnfill(MOUNT_FLAGS_MAX_WORDS, ','),
                  *large = g_strnfill(MOUNT_FLAGS_MAX_DATA + 1, 'a');
  char *items[] = {many, large};
  for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
    MountFlags flags = {0};
    g_autoptr(GError) error = NULL;
    assert_false(mount_flags_parse(&items[i], 1, &flags, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(facts_of_both_buses_are_read),
    cmocka_unit_test(context_of_the_go_driver_never_formats),
    cmocka_unit_test(bad_contexts_name_the_field),
    cmocka_unit_test(volume_ids_are_bounded),
    cmocka_unit_test(capabilities_become_uses),
    cmocka_unit_test(bad_capabilities_are_named),
    cmocka_unit_test(mount_flags_are_sorted),
    cmocka_unit_test(dangerous_mount_flags_are_refused_by_name),
    cmocka_unit_test(mount_flags_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
