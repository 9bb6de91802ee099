#include "evsclient/quota.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

/* The only value that the cloud knows. */
static const EvsField query_fields[] = {
  {.name = "usage", .fixed = "True"},
};
const EvsRecord evs_record_quota_query = {
  .name = "quota query", .size = 1, .fields = query_fields, .count = G_N_ELEMENTS(query_fields)};

static const EvsField item_fields[] = {
  EVS_FIELD(EvsQuotaItem, limit, INT, "limit"),
  EVS_FIELD(EvsQuotaItem, in_use, INT, "in_use"),
  EVS_FIELD(EvsQuotaItem, reserved, INT, "reserved"),
};
static const EvsRecord item_record = EVS_RECORD("quota", EvsQuotaItem, item_fields, .key = "limit");

/* The manuals spell the type GPSSD in three ways: "volumes_GPS", "volumes_GPS SD". */
static char *item_name(const char *name)
{
  g_auto(GStrv) words = g_strsplit(name, " ", -1);
  g_autofree char *joined = g_strjoinv("", words);
  return g_str_has_suffix(joined, "_GPS") ? g_strconcat(joined, "SD", NULL) : g_steal_pointer(&joined);
}

static void settle(gpointer value)
{
  EvsQuota *quota = value;
  GHashTable *items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iterator;
  gpointer name, item, other;
  g_hash_table_iter_init(&iterator, quota->items);
  while (g_hash_table_iter_next(&iterator, &name, &item)) {
    char *settled = item_name(name);
    if (g_hash_table_steal_extended(items, settled, &name, &other)) { /* two spellings in one answer */
      g_free(name);
      evs_record_free(&item_record, other);
    }
    g_hash_table_insert(items, settled, item);
  }
  g_hash_table_unref(quota->items);
  quota->items = items;
}

static const EvsField fields[] = {
  EVS_FIELD(EvsQuota, project_id, TEXT, "id"),
  EVS_FIELD(EvsQuota, items, RECORDS, "", .record = &item_record),
};
const EvsRecord evs_record_quota = EVS_RECORD("quotas", EvsQuota, fields, .settle = settle);

void evs_quota_free(EvsQuota *quota)
{
  evs_record_free(&evs_record_quota, quota);
}

const EvsQuotaItem *evs_quota_item(const EvsQuota *quota, const char *name)
{
  return g_hash_table_lookup(quota->items, name);
}

gint64 evs_quota_left(const EvsQuota *quota, const char *name)
{
  const EvsQuotaItem *item = evs_quota_item(quota, name);
  if (!item || item->limit < 0)
    return G_MAXINT64;
  gint64 taken = MAX(item->in_use, 0);
  taken = item->reserved > 0 && taken <= G_MAXINT64 - item->reserved ? taken + item->reserved : taken;
  return item->limit > taken ? item->limit - taken : 0;
}

EvsQuota *evs_quota_get(EvsClient *client, const EvsContext *context, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_QUOTA_GET};
  gpointer quota = NULL;
  return evs_typed_call(client, context, &call, &quota, error) ? quota : NULL;
}
