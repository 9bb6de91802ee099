#include "controller/capability.h"

#include "base/error.h"

#include <stdio.h>

#define MODE(name) CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__##name

typedef struct {
  int mode;
  const char *name;
  gboolean mount, block;
  gboolean multi_node;
} AccessMode;

static const AccessMode access_modes[] = {
  {MODE(SINGLE_NODE_WRITER), "SINGLE_NODE_WRITER", TRUE, TRUE, FALSE},
  {MODE(SINGLE_NODE_SINGLE_WRITER), "SINGLE_NODE_SINGLE_WRITER", TRUE, TRUE, FALSE},
  {MODE(SINGLE_NODE_MULTI_WRITER), "SINGLE_NODE_MULTI_WRITER", TRUE, TRUE, FALSE},
  {MODE(SINGLE_NODE_READER_ONLY), "SINGLE_NODE_READER_ONLY", TRUE, TRUE, FALSE},
  {MODE(MULTI_NODE_MULTI_WRITER), "MULTI_NODE_MULTI_WRITER", FALSE, TRUE, TRUE},
};

/* Why the others are refused. */
static const struct {
  int mode;
  const char *reason;
} refusals[] = {
  {MODE(MULTI_NODE_READER_ONLY), "every server that attaches a shared disk can write to it"},
  {MODE(MULTI_NODE_SINGLE_WRITER), "every server that attaches a shared disk can write to it"},
  {MODE(MULTI_NODE_MULTI_WRITER), "two servers that mount one file system destroy it"},
};

/* NULL: none is known. */
static const char *find_reason(int mode)
{
  for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
    if (refusals[i].mode == mode)
      return refusals[i].reason;
  return NULL;
}

static const char *const file_systems[] = {"ext4", "ext3", "xfs", "btrfs", NULL};

static const AccessMode *find_mode(int mode)
{
  for (gsize i = 0; i < G_N_ELEMENTS(access_modes); i++)
    if (access_modes[i].mode == mode)
      return &access_modes[i];
  return NULL;
}

char *capability_mode_name(int mode)
{
  const ProtobufCEnumValue *value =
    protobuf_c_enum_descriptor_get_value(&csi__v1__volume_capability__access_mode__mode__descriptor, mode);
  return value ? g_strdup(value->name) : g_strdup_printf("mode %d", mode);
}

/* "SINGLE_NODE_WRITER, ..." of the modes that this access type serves. */
static char *list_modes(gboolean block)
{
  GString *list = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(access_modes); i++) {
    if (!(block ? access_modes[i].block : access_modes[i].mount))
      continue;
    g_string_append_printf(list, "%s%s%s", list->len ? ", " : "", access_modes[i].name,
                           access_modes[i].multi_node ? " (disk with multiattach)" : "");
  }
  return g_string_free(list, FALSE);
}

static gboolean check_mode(const Csi__V1__VolumeCapability *capability, gboolean block, const char *field,
                           CapabilityNeeds *needs, GError **error)
{
  if (!capability->access_mode || capability->access_mode->mode == MODE(UNKNOWN))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field '%s.access_mode' is missing", field);

  const AccessMode *mode = find_mode(capability->access_mode->mode);
  if (!mode || !(block ? mode->block : mode->mount)) {
    g_autofree char *name = capability_mode_name(capability->access_mode->mode);
    g_autofree char *accepted = list_modes(block);
    const char *reason = find_reason(capability->access_mode->mode);
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "field '%s.access_mode' is '%s', which a disk does not support as %s%s%s; accepted: %s", field, name,
      block ? "raw block" : "file system", reason ? ", because " : "", reason ? reason : "", accepted);
  }
  needs->multi_node |= mode->multi_node;
  return TRUE;
}

static gboolean check_mount(const Csi__V1__VolumeCapability__MountVolume *mount, const char *field,
                            GError **error)
{
  if (mount->fs_type[0] && !g_strv_contains(file_systems, mount->fs_type)) {
    g_autofree char *accepted = g_strjoinv(", ", (char **)file_systems);
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field '%s.mount.fs_type' is '%.32s'; accepted: %s, or none for ext4", field,
                         mount->fs_type, accepted);
  }
  if (mount->volume_mount_group[0])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field '%s.mount.volume_mount_group' is not supported; it must be empty", field);
  return TRUE;
}

gboolean capability_check(const Csi__V1__VolumeCapability *capability, const char *field,
                          CapabilityNeeds *needs, GError **error)
{
  gboolean block = FALSE;
  switch (capability->access_type_case) {
  case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK:
    block = TRUE;
    break;
  case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT:
    if (!check_mount(capability->mount, field, error))
      return FALSE;
    break;
  default:
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field '%s.access_type' is missing; accepted: block, mount", field);
  }
  if (!check_mode(capability, block, field, needs, error))
    return FALSE;
  needs->block |= block;
  needs->mount |= !block;
  return TRUE;
}

gboolean capability_check_list(Csi__V1__VolumeCapability *const *capabilities, gsize count,
                               CapabilityNeeds *ret_needs, GError **error)
{
  if (count == 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'volume_capabilities' is empty: at least one capability is needed");
  CapabilityNeeds needs = {0};
  for (gsize i = 0; i < count; i++) {
    char field[48];
    g_snprintf(field, sizeof field, "volume_capabilities[%zu]", i);
    if (!capability_check(capabilities[i], field, &needs, error))
      return FALSE;
  }
  *ret_needs = needs;
  return TRUE;
}
