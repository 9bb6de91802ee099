#include "evsclient/metadata.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

enum { MAX_CHARACTERS = 85 };

typedef struct {
  GHashTable *pairs; /* string -> string */
} EvsMetadata;

static const EvsField reply_fields[] = {
  EVS_FIELD(EvsMetadata, pairs, MAP, "metadata|meta"),
};
const EvsRecord evs_record_metadata = EVS_RECORD("metadata", EvsMetadata, reply_fields);

static const EvsField pairs_fields[] = {
  EVS_FIELD(EvsMetadata, pairs, MAP, "metadata", .flags = EVS_FIELD_REQUIRED, .most = MAX_CHARACTERS,
            .key_most = MAX_CHARACTERS, .help = "KEY=VALUE to set"),
};
const EvsRecord evs_record_metadata_pairs = EVS_RECORD("metadata", EvsMetadata, pairs_fields);

static const EvsField pair_fields[] = {
  EVS_FIELD(EvsMetadata, pairs, MAP, "meta", .flags = EVS_FIELD_REQUIRED, .most = MAX_CHARACTERS,
            .key_most = MAX_CHARACTERS, .most_items = 1, .help = "KEY=VALUE to set"),
};
const EvsRecord evs_record_metadata_pair = EVS_RECORD("metadata", EvsMetadata, pair_fields);

static GHashTable *call_for_pairs(EvsClient *client, const EvsContext *context, EvsOp op, const char *id,
                                  const char *key, GHashTable *pairs, GError **error)
{
  EvsMetadata request = {.pairs = pairs};
  EvsTypedCall call = {.op = op, .id = id, .second_id = key, .request = pairs ? &request : NULL};
  gpointer reply = NULL;
  if (!evs_typed_call(client, context, &call, &reply, error))
    return NULL;
  EvsMetadata *metadata = reply;
  GHashTable *result = g_hash_table_ref(metadata->pairs);
  evs_reply_free(op, metadata);
  return result;
}

static char *get(EvsClient *client, const EvsContext *context, EvsOp op, const char *id, const char *key,
                 GError **error)
{
  g_autoptr(GHashTable) pairs = call_for_pairs(client, context, op, id, key, NULL, error);
  if (!pairs)
    return NULL;
  const char *value = g_hash_table_lookup(pairs, key);
  if (!value)
    evs_error_set(error, EVS_CODE_NOT_FOUND, "there is no metadata with key '%s'", key);
  return g_strdup(value);
}

static gboolean set(EvsClient *client, const EvsContext *context, EvsOp op, const char *id, const char *key,
                    const char *value, GError **error)
{
  g_autoptr(GHashTable) pairs = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(pairs, (gpointer)(key ? key : ""), (gpointer)(value ? value : ""));
  g_autoptr(GHashTable) reply = call_for_pairs(client, context, op, id, key, pairs, error);
  return reply != NULL;
}

static gboolean remove_key(EvsClient *client, const EvsContext *context, EvsOp op, const char *id,
                           const char *key, GError **error)
{
  EvsTypedCall call = {.op = op, .id = id, .second_id = key};
  return evs_typed_call(client, context, &call, NULL, error);
}

/* An empty table is none: refused as missing. */
static GHashTable *send_pairs(EvsClient *client, const EvsContext *context, EvsOp op, const char *id,
                              GHashTable *pairs, GError **error)
{
  gboolean any = pairs && g_hash_table_size(pairs) > 0;
  return call_for_pairs(client, context, op, id, NULL, any ? pairs : NULL, error);
}

GHashTable *evs_disk_metadata_add(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  GHashTable *pairs, GError **error)
{
  return send_pairs(client, context, EVS_OP_DISK_METADATA_ADD, volume_id, pairs, error);
}

char *evs_disk_metadata_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                            const char *key, GError **error)
{
  return get(client, context, EVS_OP_DISK_METADATA_GET, volume_id, key, error);
}

gboolean evs_disk_metadata_set(EvsClient *client, const EvsContext *context, const char *volume_id,
                               const char *key, const char *value, GError **error)
{
  return set(client, context, EVS_OP_DISK_METADATA_SET, volume_id, key, value, error);
}

GHashTable *evs_disk_metadata_update(EvsClient *client, const EvsContext *context, const char *volume_id,
                                     GHashTable *pairs, GError **error)
{
  return send_pairs(client, context, EVS_OP_DISK_METADATA_UPDATE, volume_id, pairs, error);
}

GHashTable *evs_disk_metadata_list(EvsClient *client, const EvsContext *context, const char *volume_id,
                                   GError **error)
{
  return call_for_pairs(client, context, EVS_OP_DISK_METADATA_LIST, volume_id, NULL, NULL, error);
}

gboolean evs_disk_metadata_remove(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const char *key, GError **error)
{
  return remove_key(client, context, EVS_OP_DISK_METADATA_REMOVE, volume_id, key, error);
}

GHashTable *evs_disk_metadata_list_v3(EvsClient *client, const EvsContext *context, const char *volume_id,
                                      GError **error)
{
  return call_for_pairs(client, context, EVS_OP_DISK_METADATA_LIST_V3, volume_id, NULL, NULL, error);
}

GHashTable *evs_snapshot_metadata_add(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                      GHashTable *pairs, GError **error)
{
  return send_pairs(client, context, EVS_OP_SNAPSHOT_METADATA_ADD, snapshot_id, pairs, error);
}

GHashTable *evs_snapshot_metadata_list(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                       GError **error)
{
  return call_for_pairs(client, context, EVS_OP_SNAPSHOT_METADATA_LIST, snapshot_id, NULL, NULL, error);
}

gboolean evs_snapshot_metadata_set(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                   const char *key, const char *value, GError **error)
{
  return set(client, context, EVS_OP_SNAPSHOT_METADATA_SET, snapshot_id, key, value, error);
}

GHashTable *evs_snapshot_metadata_update(EvsClient *client, const EvsContext *context,
                                         const char *snapshot_id, GHashTable *pairs, GError **error)
{
  return send_pairs(client, context, EVS_OP_SNAPSHOT_METADATA_UPDATE, snapshot_id, pairs, error);
}

char *evs_snapshot_metadata_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                const char *key, GError **error)
{
  return get(client, context, EVS_OP_SNAPSHOT_METADATA_GET, snapshot_id, key, error);
}

gboolean evs_snapshot_metadata_remove(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                      const char *key, GError **error)
{
  return remove_key(client, context, EVS_OP_SNAPSHOT_METADATA_REMOVE, snapshot_id, key, error);
}
