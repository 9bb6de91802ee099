#include "evsclient/recycle_bin.h"

#include "evsclient/api.h"

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
