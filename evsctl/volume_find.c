#include "evsctl/volume_find.h"

#include "base/text.h"
#include "ownership/owner.h"

enum { NAMED_MAX = 10 };

static gboolean matches(const EvsDisk *disk, const char *name, const char *hash)
{
  return g_str_equal(evs_disk_metadata(disk, OWNER_KEY_PV_NAME), name) ||
         g_str_equal(evs_disk_metadata(disk, OWNER_KEY_NAME_HASH), hash) || g_str_equal(disk->name, name);
}

static void refuse_several(const char *name, const GPtrArray *found, GError **error)
{
  g_autoptr(GString) ids = g_string_new(NULL);
  for (guint i = 0; i < MIN(found->len, NAMED_MAX); i++)
    g_string_append_printf(ids, "%s'%s'", i ? ", " : "", ((const EvsDisk *)found->pdata[i])->id);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "%u disks are called '%s': %s", found->len, name,
                ids->str);
  if (error)
    evs_error_set_remedy(*error, "give the id of the one that is meant");
}

EvsDisk *volume_find(EvsClient *client, const EvsContext *context, const char *volume, GError **error)
{
  if (text_is_uuid(volume))
    return evs_disk_get(client, context, volume, error);
  const EvsDiskFilter all = {0};
  g_autoptr(GPtrArray) disks = evs_disk_list(client, context, &all, error);
  if (!disks)
    return NULL;
  g_autofree char *hash = text_sha256(volume);
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  for (guint i = 0; i < disks->len; i++) {
    if (matches(disks->pdata[i], volume, hash))
      g_ptr_array_add(found, disks->pdata[i]);
  }
  if (found->len == 1)
    return evs_disk_copy(found->pdata[0]);
  if (found->len > 1) {
    refuse_several(volume, found, error);
    return NULL;
  }
  evs_error_set(error, EVS_CODE_NOT_FOUND,
                "no disk of the project is called '%s': neither PV name nor disk name", volume);
  if (error) {
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
    evs_error_set_remedy(*error,
                         "a static PV's disk has no mark of it: give the disk's id, the PV's volumeHandle");
  }
  return NULL;
}
