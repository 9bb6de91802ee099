/* 6.3.5. */
#include "evsclient/tag.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

enum { MAX_TAGS = 10, MAX_VALUES = 10, MAX_KEY = 128, MAX_MATCH = 255 };

static const char *const match_keys[] = {"resource_name", "service_type", NULL};

static const EvsField values_fields[] = {
  EVS_FIELD(EvsTagValues, key, TEXT, "key", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_KEY,
            .help = "tag's key"),
  EVS_FIELD(EvsTagValues, values, TEXTS, "values", .flags = EVS_FIELD_ALWAYS, .most = MAX_VALUES,
            .help = "any of these values; none: any value"),
};
static const EvsRecord values_record = EVS_RECORD("tag", EvsTagValues, values_fields);

static const EvsField match_fields[] = {
  EVS_FIELD(EvsTagMatch, key, TEXT, "key", .flags = EVS_FIELD_REQUIRED, .choices = match_keys,
            .help = "what is matched"),
  EVS_FIELD(EvsTagMatch, value, TEXT, "value", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_MATCH,
            .help = "what it is"),
};
static const EvsRecord match_record = EVS_RECORD("match", EvsTagMatch, match_fields);

static const EvsField filter_fields[] = {
  {.name = "action", .fixed = "filter"},
  EVS_FIELD(EvsTagFilter, tags, LIST, "tags", .flags = EVS_FIELD_REQUIRED, .least = 1, .most = MAX_TAGS,
            .record = &values_record, .help = "KEY=VALUE,VALUE that disks must have", .flag = "tag"),
  EVS_FIELD(EvsTagFilter, matches, LIST, "matches", .record = &match_record,
            .help = "resource_name=TEXT or service_type=TEXT", .flag = "match"),
  EVS_FIELD(EvsTagFilter, limit, INT, "limit", .least = 1, .most = 1000, .help = "disks per page"),
  EVS_FIELD(EvsTagFilter, offset, INT, "offset", .least = 0, .most = G_MAXINT32,
            .help = "disks to leave out"),
};

static gboolean check_filter(gconstpointer value, GError **error)
{
  const EvsTagFilter *filter = value;
  g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < filter->tags->len; i++) {
    const EvsTagValues *tag = filter->tags->pdata[i];
    if (!g_hash_table_add(keys, (gpointer)tag->key))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "'tags' has '%s' twice: each key once is expected", tag->key);
  }
  return TRUE;
}

const EvsRecord evs_record_tag_filter =
  EVS_RECORD("search by tags", EvsTagFilter, filter_fields, .check = check_filter);

static const EvsField tagged_fields[] = {
  EVS_FIELD(EvsTaggedDisk, id, TEXT, "resource_id"),
  EVS_FIELD(EvsTaggedDisk, name, TEXT, "resource_name"),
  EVS_FIELD(EvsTaggedDisk, disk, RECORD, "resource_detail", .record = &evs_record_disk),
  EVS_FIELD(EvsTaggedDisk, tags, LIST, "tags", .record = &evs_record_tag),
};
const EvsRecord evs_record_tagged_disk =
  EVS_RECORD("tagged disk", EvsTaggedDisk, tagged_fields, .key = "resource_id");

void evs_tagged_disk_free(EvsTaggedDisk *tagged)
{
  evs_record_free(&evs_record_tagged_disk, tagged);
}

EvsIterator *evs_tag_find(EvsClient *client, const EvsContext *context, const EvsTagFilter *filter)
{
  EvsTypedCall call = {.op = EVS_OP_TAG_FIND, .request = filter};
  return evs_iterator_new(client, context, &call);
}
