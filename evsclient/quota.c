#include "evsclient/quota.h"

#include "evsclient/api.h"
#include "evsclient/quota_json.h"

void evs_quota_free(EvsQuota *quota)
{
  if (!quota)
    return;
  g_hash_table_unref(quota->items);
  g_free(quota);
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

/* The manuals spell the type GPSSD in three ways. */
static char *item_name(const char *name)
{
  g_auto(GStrv) words = g_strsplit(name, " ", -1);
  g_autofree char *joined = g_strjoinv("", words);
  return g_str_has_suffix(joined, "_GPS") ? g_strconcat(joined, "SD", NULL) : g_steal_pointer(&joined);
}

EvsQuota *evs_quota_from_json(json_t *quota_set)
{
  EvsQuota *quota = g_new(EvsQuota, 1);
  quota->items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *name;
  json_t *value;
  json_object_foreach(quota_set, name, value)
  {
    if (!json_object_get(value, "limit"))
      continue;
    EvsQuotaItem *item = g_new(EvsQuotaItem, 1);
    item->limit = evs_json_int(value, "limit", -1);
    item->in_use = evs_json_int(value, "in_use", 0);
    item->reserved = evs_json_int(value, "reserved", 0);
    g_hash_table_insert(quota->items, item_name(name), item);
  }
  return quota;
}

EvsQuota *evs_quota_get(EvsClient *client, const EvsContext *context, GError **error)
{
  EvsCall call = {.operation = &evs_operations[EVS_OP_QUOTA_GET], .query = "usage=True"};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer ? evs_quota_from_json(json_object_get(answer, "quota_set")) : NULL;
}

/* No such disk in the bin, or a cloud that has no bin. */
static gboolean is_not_there(const GError *failure)
{
  return evs_error_is(failure, EVS_CODE_NOT_FOUND) || evs_error_is(failure, EVS_CODE_UNIMPLEMENTED) ||
         (evs_error_http_status(failure) == 404 && evs_error_is(failure, EVS_CODE_INTERNAL));
}

gboolean evs_recycle_bin_find(EvsClient *client, const EvsContext *context, const char *volume_id,
                              gboolean *ret_found, char **ret_until, GError **error)
{
  EvsCall call = {.operation = &evs_operations[EVS_OP_RECYCLE_GET], .id = volume_id};
  if (!evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, &failure);
  if (!answer && !is_not_there(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  *ret_found = answer != NULL;
  *ret_until = answer ? evs_json_text(json_object_get(answer, "volume"), "plan_delete_at") : NULL;
  return TRUE;
}

gboolean evs_recycle_bin_policy(EvsClient *client, const EvsContext *context, gboolean *ret_on,
                                GError **error)
{
  EvsCall call = {.operation = &evs_operations[EVS_OP_RECYCLE_POLICY]};
  g_autoptr(GError) failure = NULL;
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, &failure);
  if (!answer && !is_not_there(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  const json_t *policy = answer ? json_object_get(answer, "policy") : NULL;
  *ret_on = evs_json_bool(policy ? policy : answer, "switch", FALSE);
  return TRUE;
}
