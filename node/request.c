#include "node/request.h"

#include "base/error.h"
#include "base/text.h"
#include "node/filesystem.h"

/* All map<string,string> entries of the CSI messages are laid out like this one. */
typedef Csi__V1__NodeStageVolumeRequest__PublishContextEntry MapEntry;
G_STATIC_ASSERT(sizeof(MapEntry) == sizeof(Csi__V1__NodeStageVolumeRequest__VolumeContextEntry));
G_STATIC_ASSERT(sizeof(MapEntry) == sizeof(Csi__V1__NodePublishVolumeRequest__PublishContextEntry));
G_STATIC_ASSERT(sizeof(MapEntry) == sizeof(Csi__V1__NodePublishVolumeRequest__VolumeContextEntry));

static const char *map_find(const void *map, gsize count, const char *key)
{
  MapEntry *const *entries = map;
  for (gsize i = count; i > 0; i--)
    if (g_str_equal(entries[i - 1]->key, key))
      return entries[i - 1]->value;
  return NULL;
}

gboolean request_check_volume_id(const char *volume_id, GError **error)
{
  if (!*volume_id)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "volume_id is empty");
  if (strlen(volume_id) > REQUEST_MAX_ID || !text_is_printable(volume_id) || strchr(volume_id, '/'))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "volume_id is not at most %d bytes of printable UTF-8 without '/'", REQUEST_MAX_ID);
  return TRUE;
}

void volume_use_clear(VolumeUse *use)
{
  g_clear_pointer(&use->fs_type, g_free);
  mount_flags_clear(&use->flags);
}

#define MODE(name) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##name

typedef struct {
  Csi__V1__VolumeCapability__AccessMode__Mode mode;
  const char *name;
  gboolean mount, reader_only, single_writer;
} ModeRow;

static const ModeRow modes[] = {
  {MODE(SINGLE_NODE_WRITER), "SINGLE_NODE_WRITER", TRUE, FALSE, FALSE},
  {MODE(SINGLE_NODE_SINGLE_WRITER), "SINGLE_NODE_SINGLE_WRITER", TRUE, FALSE, TRUE},
  {MODE(SINGLE_NODE_MULTI_WRITER), "SINGLE_NODE_MULTI_WRITER", TRUE, FALSE, FALSE},
  {MODE(SINGLE_NODE_READER_ONLY), "SINGLE_NODE_READER_ONLY", TRUE, TRUE, FALSE},
  {MODE(MULTI_NODE_READER_ONLY), "MULTI_NODE_READER_ONLY", TRUE, TRUE, FALSE},
  {MODE(MULTI_NODE_SINGLE_WRITER), "MULTI_NODE_SINGLE_WRITER", FALSE, FALSE, FALSE},
  {MODE(MULTI_NODE_MULTI_WRITER), "MULTI_NODE_MULTI_WRITER", FALSE, FALSE, FALSE},
};

static gboolean parse_access_mode(const Csi__V1__VolumeCapability *capability, VolumeUse *use, GError **error)
{
  const ModeRow *row = NULL;
  for (gsize i = 0; capability->access_mode && i < G_N_ELEMENTS(modes); i++)
    if (modes[i].mode == capability->access_mode->mode)
      row = &modes[i];
  if (!row)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "volume_capability.access_mode is missing or not known");
  if (!use->block && !row->mount)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "volume_capability.access_mode %s: a file system cannot be written by several nodes, only a "
      "raw block volume can",
      row->name);
  use->reader_only = row->reader_only;
  use->single_writer = row->single_writer;
  return TRUE;
}

gboolean volume_use_parse(const Csi__V1__VolumeCapability *capability, VolumeUse *ret_use, GError **error)
{
  g_auto(VolumeUse) use = {0};
  if (!capability)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "volume_capability is missing");
  const Csi__V1__VolumeCapability__MountVolume *mount = NULL;
  switch (capability->access_type_case) {
  case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK:
    use.block = TRUE;
    break;
  case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT:
    mount = capability->mount;
    break;
  default:
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "volume_capability.access_type is missing: mount or block is needed");
  }
  if (!parse_access_mode(capability, &use, error))
    return FALSE;
  use.fs_type = g_strdup(mount ? mount->fs_type : "");
  if (*use.fs_type && !filesystem_find(use.fs_type))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "volume_capability.mount.fs_type '%.32s' is not one of ext4, ext3, xfs, btrfs",
                         text_is_printable(use.fs_type) ? use.fs_type : "?");
  if (!mount_flags_parse(mount ? mount->mount_flags : NULL, mount ? mount->n_mount_flags : 0, &use.flags,
                         error)) {
    g_prefix_error(error, "volume_capability.mount.");
    return FALSE;
  }
  *ret_use = use;
  memset(&use, 0, sizeof use);
  return TRUE;
}

void disk_facts_clear(DiskFacts *facts)
{
  g_clear_pointer(&facts->identity, g_free);
  for (int i = 0; i < MKFS_N_OPTIONS; i++)
    g_clear_pointer(&facts->mkfs[i], g_free);
}

static gboolean take_bool(const char *value, const char *field, gboolean *ret_value, GError **error)
{
  if (!value || text_parse_bool(value, ret_value))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s is not true or false", field);
}

static gboolean is_hex(const char *text)
{
  for (; *text; text++)
    if (!g_ascii_isxdigit(*text))
      return FALSE;
  return TRUE;
}

static gboolean take_identity(const char *volume_id, const char *serial, const char *wwn, DiskFacts *facts,
                              GError **error)
{
  if (facts->bus == DISK_BUS_SCSI) {
    if (!wwn || strlen(wwn) != DISK_WWN_LENGTH || !is_hex(wwn))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "publish_context.wwn is not %d hexadecimal digits", DISK_WWN_LENGTH);
    facts->identity = g_ascii_strdown(wwn, -1);
    return TRUE;
  }
  g_autofree char *expected = g_strndup(volume_id, DISK_SERIAL_LENGTH);
  if (serial && !g_str_equal(serial, expected))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "publish_context.serial is not the first %d characters of volume_id '%s'",
                         DISK_SERIAL_LENGTH, volume_id);
  facts->identity = g_steal_pointer(&expected);
  return TRUE;
}

gboolean disk_facts_parse(const char *volume_id, const void *publish_context, gsize n_publish_context,
                          const void *volume_context, gsize n_volume_context, DiskFacts *ret_facts,
                          GError **error)
{
  if (!text_is_uuid(volume_id))
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "volume_id '%s' is not the id of an EVS disk", volume_id);
  const char *bus = map_find(publish_context, n_publish_context, "bus");
  const char *size = map_find(publish_context, n_publish_context, "size-bytes");
  const char *serial = map_find(publish_context, n_publish_context, "serial");
  const char *wwn = map_find(publish_context, n_publish_context, "wwn");
  const char *format = map_find(volume_context, n_volume_context, "format");
  g_auto(DiskFacts) facts = {.bus = DISK_BUS_VIRTIO};
  gint64 bytes = 0;
  if (bus || size || serial || wwn) {
    if (!bus || !(g_str_equal(bus, "virtio") || g_str_equal(bus, "scsi")))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "publish_context.bus is not virtio or scsi");
    facts.bus = g_str_equal(bus, "scsi") ? DISK_BUS_SCSI : DISK_BUS_VIRTIO;
    if (!text_parse_int64(size, 1, G_MAXINT64, &bytes))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "publish_context.size-bytes is not a positive decimal number");
    if (!take_bool(map_find(publish_context, n_publish_context, "blank"), "publish_context.blank",
                   &facts.blank, error))
      return FALSE;
    if (format && !g_str_equal(format, "if-empty"))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "volume_context.format is not 'if-empty'");
    facts.if_empty = format != NULL;
  }
  if (!take_identity(volume_id, serial, wwn, &facts, error))
    return FALSE;
  facts.size_bytes = (guint64)bytes;
  for (int i = 0; i < MKFS_N_OPTIONS; i++)
    facts.mkfs[i] = g_strdup(map_find(volume_context, n_volume_context, mkfs_option_key((MkfsOption)i)));
  *ret_facts = facts;
  memset(&facts, 0, sizeof facts);
  return TRUE;
}
