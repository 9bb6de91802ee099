#include "evsclient/tag.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

enum {
  MAX_TAGS = 10,
  MAX_KEY = 36,
  MAX_VALUE = 43,
  MAX_FOREIGN_KEY = 128, /* of a tag that somebody else has set */
};

/* ---- one tag ---- */

static const EvsField tag_fields[] = {
  EVS_FIELD(EvsTag, key, TEXT, "key", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_KEY,
            .help = "tag's key"),
  EVS_FIELD(EvsTag, value, TEXT, "value", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_VALUE,
            .help = "tag's value"),
};

static gboolean check_characters(const char *what, const char *text, GError **error)
{
  if (text[strspn(text, "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0')
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "'%s' is '%s': letters, digits, '-' and '_' are expected", what, text);
}

static gboolean check_tag(gconstpointer value, GError **error)
{
  const EvsTag *tag = value;
  return check_characters("key", tag->key, error) && check_characters("value", tag->value, error);
}

const EvsRecord evs_record_tag = EVS_RECORD("tag", EvsTag, tag_fields, .check = check_tag);

/* ---- 6.3.1, 6.3.2 ---- */

typedef struct {
  GPtrArray *tags; /* of EvsTag*, or of TagKey* */
} TagList;

typedef struct {
  const char *key;
} TagKey;

static const EvsField add_fields[] = {
  {.name = "action", .fixed = "create"},
  EVS_FIELD(TagList, tags, LIST, "tags", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_TAGS,
            .record = &evs_record_tag, .help = "KEY=VALUE of a tag", .flag = "tag"),
};
const EvsRecord evs_record_tag_add = EVS_RECORD("tags", TagList, add_fields);

static const EvsField key_fields[] = {
  EVS_FIELD(TagKey, key, TEXT, "key", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_FOREIGN_KEY,
            .help = "tag's key"),
};
static const EvsRecord key_record = EVS_RECORD("tag", TagKey, key_fields);

static const EvsField remove_fields[] = {
  {.name = "action", .fixed = "delete"},
  EVS_FIELD(TagList, tags, LIST, "tags", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_TAGS,
            .record = &key_record, .help = "key of a tag", .flag = "tag"),
};
const EvsRecord evs_record_tag_remove = EVS_RECORD("tags", TagList, remove_fields);

gboolean evs_tag_add(EvsClient *client, const EvsContext *context, const char *volume_id, GHashTable *tags,
                     GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  GHashTableIter iterator;
  gpointer key, value;
  if (tags)
    g_hash_table_iter_init(&iterator, tags);
  while (tags && g_hash_table_iter_next(&iterator, &key, &value)) {
    EvsTag *tag = g_new(EvsTag, 1);
    *tag = (EvsTag){.key = key, .value = value};
    g_ptr_array_add(list, tag);
  }
  TagList request = {.tags = list};
  EvsTypedCall call = {.op = EVS_OP_TAG_ADD, .id = volume_id, .request = &request};
  return evs_typed_call(client, context, &call, NULL, error);
}

gboolean evs_tag_remove(EvsClient *client, const EvsContext *context, const char *volume_id,
                        const char *const *keys, GError **error)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  for (; keys && *keys; keys++) {
    TagKey *tag = g_new(TagKey, 1);
    tag->key = *keys;
    g_ptr_array_add(list, tag);
  }
  TagList request = {.tags = list};
  EvsTypedCall call = {.op = EVS_OP_TAG_REMOVE, .id = volume_id, .request = &request};
  return evs_typed_call(client, context, &call, NULL, error);
}

/* ---- 6.3.3 ---- */

typedef struct {
  GHashTable *tags; /* key -> char ** */
} TagIndex;

static const EvsField index_fields[] = {
  EVS_FIELD(TagIndex, tags, TEXT_SETS, "tags"),
};
const EvsRecord evs_record_tag_index = EVS_RECORD("tags", TagIndex, index_fields);

GHashTable *evs_tag_list(EvsClient *client, const EvsContext *context, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_TAG_LIST};
  gpointer reply = NULL;
  if (!evs_typed_call(client, context, &call, &reply, error))
    return NULL;
  TagIndex *index = reply;
  GHashTable *tags = g_hash_table_ref(index->tags);
  evs_reply_free(call.op, reply);
  return tags;
}

/* ---- 6.3.4 ---- */

static const EvsField disk_tags_fields[] = {
  EVS_FIELD(EvsDiskTags, tags, LIST, "tags", .record = &evs_record_tag),
  EVS_FIELD(EvsDiskTags, sys_tags, LIST, "sys_tags", .record = &evs_record_tag),
};
const EvsRecord evs_record_disk_tags = EVS_RECORD("tags", EvsDiskTags, disk_tags_fields);

void evs_disk_tags_free(EvsDiskTags *tags)
{
  evs_record_free(&evs_record_disk_tags, tags);
}

EvsDiskTags *evs_tag_get(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_TAG_GET, .id = volume_id};
  gpointer tags = NULL;
  return evs_typed_call(client, context, &call, &tags, error) ? tags : NULL;
}
