#include "ownership/owner.h"

#include "base/text.h"

enum { NOTE_KEPT_BYTES = 76, NOTE_HASH_DIGITS = 8 };

/* The longest prefix of at most `max` bytes that does not cut a UTF-8 character. */
static gsize cut_length(const char *text, gsize max)
{
  gsize length = max;
  while (length > 0 && ((guchar)text[length] & 0xc0) == 0x80)
    length--;
  return length;
}

void owner_mark(const Owner *owner, const char *name, GHashTable *metadata)
{
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_CLUSTER), g_strdup(owner->cluster_id));
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_DRIVER), g_strdup(owner->driver_name));
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_NAME_HASH), text_sha256(name));
}

void owner_note(GHashTable *metadata, const char *key, const char *value)
{
  char *note = NULL;
  if (strlen(value) <= METADATA_VALUE_MAX) {
    note = g_strdup(value);
  } else {
    g_autofree char *hash = text_sha256(value);
    note =
      g_strdup_printf("%.*s~%.*s", (int)cut_length(value, NOTE_KEPT_BYTES), value, NOTE_HASH_DIGITS, hash);
  }
  g_hash_table_insert(metadata, g_strdup(key), note);
}

static OwnerKind judge(const Owner *owner, const char *cluster, const char *driver)
{
  if (cluster[0] == '\0' && driver[0] == '\0')
    return OWNER_NOBODY;
  return g_str_equal(cluster, owner->cluster_id) && g_str_equal(driver, owner->driver_name) ? OWNER_US
                                                                                            : OWNER_ANOTHER;
}

static char *describe(const char *cluster, const char *driver)
{
  return g_strdup_printf("cluster '%s', driver '%s'", cluster, driver);
}

static gboolean is_hash_of(const char *hash, const char *name)
{
  g_autofree char *wanted = text_sha256(name);
  return g_str_equal(hash, wanted);
}

OwnerKind owner_of_disk(const Owner *owner, const EvsDisk *disk)
{
  return judge(owner, evs_disk_metadata(disk, OWNER_KEY_CLUSTER), evs_disk_metadata(disk, OWNER_KEY_DRIVER));
}

OwnerKind owner_of_snapshot(const Owner *owner, const EvsSnapshot *snapshot)
{
  return judge(owner, evs_snapshot_metadata(snapshot, OWNER_KEY_CLUSTER),
               evs_snapshot_metadata(snapshot, OWNER_KEY_DRIVER));
}

char *owner_describe(const EvsDisk *disk)
{
  return describe(evs_disk_metadata(disk, OWNER_KEY_CLUSTER), evs_disk_metadata(disk, OWNER_KEY_DRIVER));
}

char *owner_describe_snapshot(const EvsSnapshot *snapshot)
{
  return describe(evs_snapshot_metadata(snapshot, OWNER_KEY_CLUSTER),
                  evs_snapshot_metadata(snapshot, OWNER_KEY_DRIVER));
}

gboolean owner_made_for(const Owner *owner, const EvsDisk *disk, const char *volume_name)
{
  return owner_of_disk(owner, disk) == OWNER_US &&
         is_hash_of(evs_disk_metadata(disk, OWNER_KEY_NAME_HASH), volume_name);
}

gboolean owner_made_snapshot_for(const Owner *owner, const EvsSnapshot *snapshot, const char *snapshot_name)
{
  return owner_of_snapshot(owner, snapshot) == OWNER_US &&
         is_hash_of(evs_snapshot_metadata(snapshot, OWNER_KEY_NAME_HASH), snapshot_name);
}

gboolean owner_made_volume(const Owner *owner, const EvsDisk *disk)
{
  switch (owner_of_disk(owner, disk)) {
  case OWNER_US:
    return evs_disk_metadata(disk, OWNER_KEY_NAME_HASH)[0] != '\0';
  case OWNER_NOBODY:
    return evs_disk_metadata(disk, OWNER_KEY_PV_NAME)[0] != '\0';
  case OWNER_ANOTHER:
    break;
  }
  return FALSE;
}
