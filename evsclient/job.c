#include "evsclient/job_json.h"

#include "evsclient/api.h"

void evs_job_free(EvsJob *job)
{
  if (!job)
    return;
  g_free(job->id);
  g_free(job->type);
  g_free(job->error_code);
  g_free(job->fail_reason);
  g_free(job->volume_id);
  g_free(job);
}

static EvsJobState state_of(const char *status)
{
  if (g_ascii_strcasecmp(status, "SUCCESS") == 0)
    return EVS_JOB_SUCCESS;
  return g_ascii_strcasecmp(status, "FAIL") == 0 ? EVS_JOB_FAIL : EVS_JOB_RUNNING;
}

/* What the parent does not say, the sub jobs do: the volume, the cause of a failure. */
static void take_from_sub_jobs(EvsJob *job, const json_t *entities)
{
  gsize i;
  json_t *sub_job;
  json_array_foreach(json_object_get(entities, "sub_jobs"), i, sub_job)
  {
    const json_t *sub_entities = json_object_get(sub_job, "entities");
    if (!*job->volume_id) {
      g_free(job->volume_id);
      job->volume_id = evs_json_text(sub_entities, "volume_id");
    }
    g_autofree char *status = evs_json_text(sub_job, "status");
    if (state_of(status) != EVS_JOB_FAIL)
      continue;
    if (!*job->error_code) {
      g_free(job->error_code);
      job->error_code = evs_json_text(sub_job, "error_code");
    }
    g_autofree char *reason = evs_json_text(sub_job, "fail_reason");
    g_autofree char *cause = evs_json_text(sub_entities, "errorcode_message");
    if (!*job->fail_reason) {
      g_free(job->fail_reason);
      job->fail_reason = g_strdup(*reason ? reason : cause);
    }
  }
}

EvsJob *evs_job_from_json(const json_t *object)
{
  const json_t *entities = json_object_get(object, "entities");
  EvsJob *job = g_new0(EvsJob, 1);
  g_autofree char *status = evs_json_text(object, "status");
  g_autofree char *end = evs_json_text(object, "end_time");
  job->state = state_of(status);
  job->id = evs_json_text(object, "job_id");
  job->type = evs_json_text(object, "job_type");
  job->error_code = evs_json_text(object, "error_code");
  job->fail_reason = evs_json_text(object, "fail_reason");
  job->volume_id = evs_json_text(entities, "volume_id");
  job->end_wall_us = evs_json_time(end);
  take_from_sub_jobs(job, entities);
  if (!evs_id_check_uuid("volume", job->volume_id, NULL)) {
    g_free(job->volume_id);
    job->volume_id = g_strdup("");
  }
  return job;
}

EvsJob *evs_job_get(EvsClient *client, const EvsContext *context, EvsService service, const char *job_id,
                    GError **error)
{
  if (!evs_id_check_job(job_id, error))
    return NULL;
  EvsCall call = {.operation = service == EVS_SERVICE_ECS ? &evs_operations[EVS_OP_SERVER_JOB_GET]
                                                          : &evs_operations[EVS_OP_JOB_GET],
                  .id = job_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer ? evs_job_from_json(answer) : NULL;
}
