#include "controller/mkfs_parameters.h"

#include "base/error.h"

#define DEFAULT_FS "ext4"

/* The first that is given, or NULL. */
static const char *given_key(const VolumeParameters *parameters)
{
  for (guint i = 0; i < MKFS_N_OPTIONS; i++)
    if (parameters->mkfs[i])
      return mkfs_option_key(i);
  return NULL;
}

static gboolean check_one(const VolumeParameters *parameters, const Csi__V1__VolumeCapability *capability,
                          GError **error)
{
  if (capability->access_type_case != CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "parameter '%s' is not accepted for raw block, which has no file system",
                         given_key(parameters));
  const char *fs_type = capability->mount->fs_type[0] ? capability->mount->fs_type : DEFAULT_FS;
  guint64 values[MKFS_N_OPTIONS];
  return mkfs_options_parse(fs_type, (const char *const *)parameters->mkfs, values, error);
}

gboolean mkfs_parameters_check(const VolumeParameters *parameters,
                               Csi__V1__VolumeCapability *const *capabilities, gsize count, GError **error)
{
  if (!given_key(parameters))
    return TRUE;
  for (gsize i = 0; i < count; i++)
    if (!check_one(parameters, capabilities[i], error))
      return FALSE;
  return TRUE;
}

void mkfs_parameters_put(const VolumeParameters *parameters, Csi__V1__Volume *volume)
{
  for (guint i = 0; i < MKFS_N_OPTIONS; i++)
    if (parameters->mkfs[i])
      STRING_MAP_ADD(volume, volume_context, csi__v1__volume__volume_context_entry__descriptor,
                     mkfs_option_key(i), parameters->mkfs[i]);
}
