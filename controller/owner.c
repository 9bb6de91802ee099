#include "controller/owner.h"

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

void owner_mark(const Owner *owner, const char *volume_name, GHashTable *metadata)
{
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_CLUSTER), g_strdup(owner->cluster_id));
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_DRIVER), g_strdup(owner->driver_name));
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_NAME_HASH), text_sha256(volume_name));
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

OwnerKind owner_of_disk(const Owner *owner, const EvsDisk *disk)
{
  const char *cluster = evs_disk_metadata(disk, OWNER_KEY_CLUSTER);
  const char *driver = evs_disk_metadata(disk, OWNER_KEY_DRIVER);
  if (cluster[0] == '\0' && driver[0] == '\0')
    return OWNER_NOBODY;
  return g_str_equal(cluster, owner->cluster_id) && g_str_equal(driver, owner->driver_name) ? OWNER_US
                                                                                            : OWNER_ANOTHER;
}

char *owner_describe(const EvsDisk *disk)
{
  return g_strdup_printf("cluster '%s', driver '%s'", evs_disk_metadata(disk, OWNER_KEY_CLUSTER),
                         evs_disk_metadata(disk, OWNER_KEY_DRIVER));
}

gboolean owner_made_for(const Owner *owner, const EvsDisk *disk, const char *volume_name)
{
  g_autofree char *hash = text_sha256(volume_name);
  return owner_of_disk(owner, disk) == OWNER_US &&
         g_str_equal(evs_disk_metadata(disk, OWNER_KEY_NAME_HASH), hash);
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
