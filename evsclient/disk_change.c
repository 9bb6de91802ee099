#include "evsclient/disk_change.h"

#include "evsclient/api.h"

/* Disks billed yearly or monthly are answered with an order that somebody has to pay. */
static gboolean read_job(const EvsOperation *operation, const json_t *answer, char **ret_job_id,
                         GError **error)
{
  g_autofree char *job = evs_json_text(answer, "job_id"), *order = evs_json_text(answer, "order_id");
  if (*job) {
    *ret_job_id = g_steal_pointer(&job);
    return TRUE;
  }
  g_autoptr(GError) made = NULL;
  if (evs_id_check_job(order, NULL)) {
    evs_error_set(&made, EVS_CODE_FAILED_PRECONDITION,
                  "cannot %s: the disk is billed yearly or monthly, the cloud made order '%s' of it",
                  operation->what, order);
    evs_error_set_remedy(made, "pay or cancel the order in the console");
  } else {
    evs_error_set(&made, EVS_CODE_INTERNAL, "cannot %s: the answer lacks 'job_id'", operation->what);
  }
  evs_error_set_outcome(made, EVS_OUTCOME_UNKNOWN);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

/* {"<root>": members}; consumes members. */
static gboolean change(EvsClient *client, const EvsContext *context, const EvsOperation *operation,
                       const char *volume_id, const char *root, json_t *members, char **ret_job_id,
                       GError **error)
{
  json_t *object = json_object();
  json_object_set_new(object, root, members);
  g_autofree char *body = evs_json_write(object);
  if (!evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  EvsCall call = {.operation = operation, .id = volume_id, .body = body};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer && read_job(operation, answer, ret_job_id, error);
}

gboolean evs_disk_extend(EvsClient *client, const EvsContext *context, const char *volume_id,
                         gint64 new_size_gib, char **ret_job_id, GError **error)
{
  json_t *members = json_object();
  evs_json_set_int(members, "new_size", new_size_gib);
  return change(client, context, &evs_operations[EVS_OP_DISK_EXTEND], volume_id, "os-extend", members,
                ret_job_id, error);
}

gboolean evs_disk_set_qos(EvsClient *client, const EvsContext *context, const char *volume_id, gint64 iops,
                          gint64 throughput, char **ret_job_id, GError **error)
{
  json_t *members = json_object();
  evs_json_set_int(members, "iops", iops);
  evs_json_set_int(members, "throughput", throughput);
  return change(client, context, &evs_operations[EVS_OP_DISK_QOS], volume_id, "qos_modify", members,
                ret_job_id, error);
}

gboolean evs_disk_retype(EvsClient *client, const EvsContext *context, const char *volume_id,
                         const char *new_type, gint64 iops, gint64 throughput, char **ret_job_id,
                         GError **error)
{
  json_t *members = json_object();
  evs_json_set_text(members, "new_type", new_type);
  evs_json_set_int(members, "iops", iops);
  evs_json_set_int(members, "throughput", throughput);
  return change(client, context, &evs_operations[EVS_OP_DISK_RETYPE], volume_id, "os-retype", members,
                ret_job_id, error);
}
