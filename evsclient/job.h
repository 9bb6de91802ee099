/* Jobs of EVS (6.4.1) and of ECS (cloud-facts A6): same shape, other endpoint. */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef enum { EVS_SERVICE_EVS, EVS_SERVICE_ECS, EVS_SERVICE_IAM } EvsService;
typedef enum {
  EVS_JOB_RUNNING,
  EVS_JOB_SUCCESS,
  EVS_JOB_FAIL
} EvsJobState; /* unknown states read as RUNNING */

typedef struct {
  EvsJobState state;
  char *id, *type, *error_code,
    *fail_reason;     /* never NULL; of the failed sub job where the parent has none */
  char *volume_id;    /* "" if not (yet) known */
  gint64 end_wall_us; /* 0: not ended, or the cloud does not say */
} EvsJob;

void evs_job_free(EvsJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsJob, evs_job_free)

EvsJob *evs_job_get(EvsClient *client, const EvsContext *context, EvsService service, const char *job_id,
                    GError **error);

#pragma GCC visibility pop
G_END_DECLS
