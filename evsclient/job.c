#include "evsclient/job.h"

#include "base/text.h"
#include "evsclient/api.h"
#include "evsclient/records.h"
#include "evsclient/typed_call.h"

static EvsJobState state_of(const char *status)
{
  if (g_ascii_strcasecmp(status, "SUCCESS") == 0)
    return EVS_JOB_SUCCESS;
  return g_ascii_strcasecmp(status, "FAIL") == 0 ? EVS_JOB_FAIL : EVS_JOB_RUNNING;
}

static void take_if_none(char **text, const char *other)
{
  if (**text || !*other)
    return;
  g_free(*text);
  *text = g_strdup(other);
}

/* What the parent does not say, the sub jobs do: the volume, the cause of a failure. They are settled before it. */
static void settle_job(void *value)
{
  EvsJob *job = value;
  job->state = state_of(job->status);
  if (!text_is_uuid(job->volume_id))
    *job->volume_id = '\0';
  take_if_none(&job->fail_reason, job->cause);
  for (guint i = 0; i < job->sub_jobs->len; i++) {
    const EvsJob *sub_job = job->sub_jobs->pdata[i];
    take_if_none(&job->volume_id, sub_job->volume_id);
    if (sub_job->state != EVS_JOB_FAIL)
      continue;
    take_if_none(&job->error_code, sub_job->error_code);
    take_if_none(&job->fail_reason, sub_job->fail_reason);
  }
}

static const EvsField job_fields[] = {
  EVS_FIELD(EvsJob, id, TEXT, "job_id"),
  EVS_FIELD(EvsJob, type, TEXT, "job_type"),
  EVS_FIELD(EvsJob, status, TEXT, "status"),
  EVS_FIELD(EvsJob, error_code, TEXT, "error_code"),
  EVS_FIELD(EvsJob, fail_reason, TEXT, "fail_reason"),
  EVS_FIELD(EvsJob, cause, TEXT, "entities/errorcode_message"),
  EVS_FIELD(EvsJob, begin_time, TEXT, "begin_time"),
  EVS_FIELD(EvsJob, end_time, TEXT, "end_time"),
  EVS_FIELD(EvsJob, end_wall_us, TIME, "end_time", .flags = EVS_FIELD_DERIVED),
  EVS_FIELD(EvsJob, volume_id, TEXT, "entities/volume_id"),
  EVS_FIELD(EvsJob, volume_type, TEXT, "entities/volume_type"),
  EVS_FIELD(EvsJob, name, TEXT, "entities/name"),
  EVS_FIELD(EvsJob, size_gib, INT, "entities/size"),
  EVS_FIELD(EvsJob, server_id, TEXT, "entities/server_id"),
  EVS_FIELD(EvsJob, sub_jobs, LIST, "entities/sub_jobs", .record = &evs_record_job),
};
const EvsRecord evs_record_job = EVS_RECORD("job", EvsJob, job_fields, .settle = settle_job);

static const EvsField accepted_fields[] = {
  EVS_FIELD(EvsAccepted, job_id, TEXT, "job_id"),
  EVS_FIELD(EvsAccepted, order_id, TEXT, "order_id"),
  EVS_FIELD(EvsAccepted, volume_ids, TEXTS, "volume_ids"),
};
const EvsRecord evs_record_accepted = EVS_RECORD("answer", EvsAccepted, accepted_fields);

void evs_job_free(EvsJob *job)
{
  evs_record_free(&evs_record_job, job);
}

void evs_accepted_free(EvsAccepted *accepted)
{
  evs_record_free(&evs_record_accepted, accepted);
}

EvsJob *evs_job_get(EvsClient *client, const EvsContext *context, EvsService service, const char *job_id,
                    GError **error)
{
  if (!evs_id_check_job(job_id, error)) /* it came from the cloud */
    return NULL;
  EvsTypedCall call = {.op = service == EVS_SERVICE_ECS ? EVS_OP_SERVER_JOB_GET : EVS_OP_JOB_GET,
                       .id = job_id};
  return evs_typed_get(client, context, &call, error);
}
