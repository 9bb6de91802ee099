#include "evsctl/adopt.h"

#include "evsclient/metadata.h"
#include "ownership/snapshot_kind.h"

Adoption *adoption_new(const Owner *owner, EvsDisk *disk)
{
  Adoption *adoption = g_new0(Adoption, 1);
  adoption->disk = disk;
  adoption->before = owner_of_disk(owner, disk);
  adoption->before_text = adoption->before == OWNER_NOBODY ? g_strdup("nobody") : owner_describe(disk);
  adoption->is_forced = adoption->before == OWNER_ANOTHER || disk->bootable;
  if (g_str_equal(disk->status, "deleting") || g_str_equal(disk->status, "error_deleting"))
    adoption->refusal =
      g_strdup_printf("disk '%s' cannot be adopted: its status is '%s'", disk->id, disk->status);
  else if (g_str_equal(disk->status, "awaiting-transfer"))
    adoption->refusal =
      g_strdup_printf("disk '%s' cannot be adopted: it is offered to another project", disk->id);
  return adoption;
}

void adoption_free(Adoption *adoption)
{
  if (!adoption)
    return;
  evs_disk_free(adoption->disk);
  g_free(adoption->before_text);
  g_free(adoption->refusal);
  g_free(adoption);
}

/* Keys that the cloud lets nobody change. */
static gboolean is_fixed(const char *key)
{
  static const char *const fixed[] = {"hw:passthrough", "full_clone", "orderID", "create_for_volume_id",
                                      NULL};
  return g_strv_contains(fixed, key) || g_str_has_prefix(key, "__system");
}

static void put(GHashTable *pairs, const char *key, const char *value)
{
  g_hash_table_insert(pairs, g_strdup(key), g_strdup(value));
}

/* before: of disk or snapshot. An unknown volume's hash is left away, a known one emptied. */
static GHashTable *new_marks(const Owner *owner, GHashTable *before, const char *pv_name)
{
  GHashTable *pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  put(pairs, OWNER_KEY_CLUSTER, owner->cluster_id);
  put(pairs, OWNER_KEY_DRIVER, owner->driver_name);
  if (g_hash_table_contains(before, OWNER_KEY_NAME_HASH))
    put(pairs, OWNER_KEY_NAME_HASH, "");
  if (pv_name)
    owner_note(pairs, OWNER_KEY_PV_NAME, pv_name);
  return pairs;
}

/* What of `wanted` the disk does not have. NULL: nothing. */
static GHashTable *missing_pairs(GHashTable *wanted, GHashTable *has)
{
  GHashTable *missing = NULL;
  GHashTableIter iterator;
  gpointer key, value;
  g_hash_table_iter_init(&iterator, wanted);
  while (g_hash_table_iter_next(&iterator, &key, &value)) {
    const char *now = g_hash_table_lookup(has, key);
    if (g_strcmp0(now, value) == 0 || (!now && ((char *)value)[0] == '\0'))
      continue;
    if (!missing)
      missing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    put(missing, key, value);
  }
  return missing;
}

/* All that the disk shall have: what it had, changed by the marks. */
static GHashTable *wanted_pairs(GHashTable *before, GHashTable *marks)
{
  GHashTable *wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iterator;
  gpointer key, value;
  g_hash_table_iter_init(&iterator, before);
  while (g_hash_table_iter_next(&iterator, &key, &value)) {
    if (!is_fixed(key))
      put(wanted, key, value);
  }
  g_hash_table_iter_init(&iterator, marks);
  while (g_hash_table_iter_next(&iterator, &key, &value))
    put(wanted, key, value);
  return wanted;
}

static gboolean read_again(EvsClient *client, const EvsContext *context, Adoption *adoption, GError **error)
{
  EvsDisk *disk = evs_disk_get(client, context, adoption->disk->id, error);
  if (!disk)
    return FALSE;
  evs_disk_free(adoption->disk);
  adoption->disk = disk;
  return TRUE;
}

static gboolean refuse_loss(const Adoption *adoption, GHashTable *lost, GError **error)
{
  g_autoptr(GList) keys = g_hash_table_get_keys(lost);
  return evs_error_set(error, EVS_CODE_INTERNAL,
                       "the cloud did not keep %u pairs of disk '%s''s metadata, '%s' among them",
                       g_hash_table_size(lost), adoption->disk->id, (const char *)keys->data);
}

gboolean adoption_apply(EvsClient *client, const EvsContext *context, const Owner *owner, const char *pv_name,
                        Adoption *adoption, GError **error)
{
  g_autoptr(GHashTable) marks = new_marks(owner, adoption->disk->metadata, pv_name);
  g_autoptr(GHashTable) wanted = wanted_pairs(adoption->disk->metadata, marks);
  g_autoptr(GHashTable) answer = evs_disk_metadata_add(client, context, adoption->disk->id, marks, error);
  if (!answer || !read_again(client, context, adoption, error))
    return FALSE;
  g_autoptr(GHashTable) lost = missing_pairs(wanted, adoption->disk->metadata);
  if (!lost)
    return TRUE;
  /* A cloud that replaces where the reference says add: everything at once, then. */
  g_autoptr(GHashTable) all = evs_disk_metadata_add(client, context, adoption->disk->id, wanted, error);
  if (!all || !read_again(client, context, adoption, error))
    return FALSE;
  g_autoptr(GHashTable) still_lost = missing_pairs(wanted, adoption->disk->metadata);
  return !still_lost || refuse_loss(adoption, still_lost, error);
}

gboolean adoption_apply_snapshots(EvsClient *client, const EvsContext *context, const Owner *owner,
                                  const char *volume_id, guint *ret_count, GError **error)
{
  const EvsSnapshotFilter of_disk = {.volume_id = volume_id};
  g_autoptr(GPtrArray) snapshots = evs_snapshot_list(client, context, &of_disk, error);
  for (guint i = 0; snapshots && i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (!snapshot_is_visible(snapshot) || g_ascii_strcasecmp(snapshot->volume_id, volume_id) != 0)
      continue;
    g_autoptr(GHashTable) marks = new_marks(owner, snapshot->metadata, NULL);
    g_autoptr(GHashTable) answer = evs_snapshot_metadata_add(client, context, snapshot->id, marks, error);
    if (!answer)
      return FALSE;
    *ret_count += 1;
  }
  return snapshots != NULL;
}
