#include "evsclient/recycle_bin.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

static const EvsField recycled_fields[] = {
  EVS_FIELD(EvsRecycledDisk, id, TEXT, "id", .flags = EVS_FIELD_UUID | EVS_FIELD_DERIVED),
  EVS_FIELD(EvsRecycledDisk, disk, RECORD, "", .record = &evs_record_disk),
  EVS_FIELD(EvsRecycledDisk, pre_deleted_at, TEXT, "pre_deleted_at"),
  EVS_FIELD(EvsRecycledDisk, plan_delete_at, TEXT, "plan_delete_at"),
  EVS_FIELD(EvsRecycledDisk, plan_delete_wall_us, TIME, "plan_delete_at", .flags = EVS_FIELD_DERIVED),
};
const EvsRecord evs_record_recycled_disk =
  EVS_RECORD("disk in the recycle bin", EvsRecycledDisk, recycled_fields, .key = "id");

static const EvsField filter_fields[] = {
  EVS_FIELD(EvsRecycleFilter, name, TEXT, "name", .least = 1, .most = 64, .help = "disks of this name"),
  EVS_FIELD(EvsRecycleFilter, status, TEXT, "status", .least = 1, .most = 64, .help = "disks of this status"),
  EVS_FIELD(EvsRecycleFilter, availability_zone, TEXT, "availability_zone", .least = 1, .most = 64,
            .help = "disks of this zone", .flag = "zone"),
  EVS_FIELD(EvsRecycleFilter, service_type, TEXT, "service_type", .least = 1, .most = 64,
            .help = "EVS, DSS, DESS"),
  EVS_FIELD(EvsRecycleFilter, limit, INT, "limit", .least = 1, .most = 1000, .help = "disks per page"),
  EVS_FIELD(EvsRecycleFilter, offset, INT, "offset", .least = 0, .most = G_MAXINT32,
            .help = "disks to leave out"),
};
const EvsRecord evs_record_recycle_filter =
  EVS_RECORD("list of the recycle bin", EvsRecycleFilter, filter_fields);

/* Of the answer, in either shape. */
static const EvsField policy_fields[] = {
  EVS_FIELD(EvsRecyclePolicy, on, BOOL, "switch|policy/switch"),
  EVS_FIELD(EvsRecyclePolicy, threshold_days, INT, "threshold_time|policy/threshold_time"),
  EVS_FIELD(EvsRecyclePolicy, keep_days, INT, "keep_time|policy/keep_time"),
};
const EvsRecord evs_record_recycle_policy =
  EVS_RECORD("policy of the recycle bin", EvsRecyclePolicy, policy_fields);

static const EvsField policy_set_fields[] = {
  EVS_FIELD(EvsRecyclePolicy, on, BOOL, "switch", .flags = EVS_FIELD_REQUIRED,
            .help = "whether deleted disks go into the bin"),
  EVS_FIELD(EvsRecyclePolicy, threshold_days, INT, "threshold_time", .least = 1, .most = 1000,
            .help = "only disks older than so many days", .flag = "threshold-days"),
  EVS_FIELD(EvsRecyclePolicy, keep_days, INT, "keep_time", .least = 1, .most = 365,
            .help = "days that they stay", .flag = "keep-days"),
};
const EvsRecord evs_record_recycle_policy_set =
  EVS_RECORD("policy of the recycle bin", EvsRecyclePolicy, policy_set_fields);

void evs_recycled_disk_free(EvsRecycledDisk *recycled)
{
  evs_record_free(&evs_record_recycled_disk, recycled);
}

EvsIterator *evs_recycle_bin_iterate(EvsClient *client, const EvsContext *context,
                                     const EvsRecycleFilter *filter)
{
  EvsTypedCall call = {.op = EVS_OP_RECYCLE_LIST, .query = filter};
  return evs_iterator_new(client, context, &call);
}

EvsRecycledDisk *evs_recycle_bin_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                                     GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_RECYCLE_GET, .id = volume_id};
  gpointer recycled = NULL;
  return evs_typed_call(client, context, &call, &recycled, error) ? recycled : NULL;
}

gboolean evs_recycle_bin_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                                GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_RECYCLE_DELETE, .id = volume_id};
  return evs_typed_call(client, context, &call, NULL, error);
}

gboolean evs_recycle_bin_revert(EvsClient *client, const EvsContext *context, const char *volume_id,
                                GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_RECYCLE_REVERT, .id = volume_id};
  return evs_typed_call(client, context, &call, NULL, error);
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
  g_autoptr(GError) failure = NULL;
  if (!evs_path_id_check("volume_id", volume_id, error))
    return FALSE;
  g_autoptr(EvsRecycledDisk) recycled = evs_recycle_bin_get(client, context, volume_id, &failure);
  if (!recycled && !is_not_there(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  *ret_found = recycled != NULL;
  *ret_until = recycled ? g_strdup(recycled->plan_delete_at) : NULL;
  return TRUE;
}

gboolean evs_recycle_policy_get(EvsClient *client, const EvsContext *context, EvsRecyclePolicy *ret_policy,
                                GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_RECYCLE_POLICY};
  gpointer policy = NULL;
  if (!evs_typed_call(client, context, &call, &policy, error))
    return FALSE;
  *ret_policy = *(EvsRecyclePolicy *)policy;
  evs_reply_free(call.op, policy);
  return TRUE;
}

gboolean evs_recycle_policy_set(EvsClient *client, const EvsContext *context, const EvsRecyclePolicy *policy,
                                GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_RECYCLE_POLICY_SET, .request = policy};
  return evs_typed_call(client, context, &call, NULL, error);
}

gboolean evs_recycle_bin_policy(EvsClient *client, const EvsContext *context, gboolean *ret_on,
                                GError **error)
{
  g_autoptr(GError) failure = NULL;
  EvsRecyclePolicy policy = {0};
  if (!evs_recycle_policy_get(client, context, &policy, &failure) && !is_not_there(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  *ret_on = policy.on;
  return TRUE;
}
