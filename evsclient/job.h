/* Jobs of EVS (6.4.1) and of ECS (cloud-facts A6): same shape, other endpoint. And what mutations answer. */
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

/* Strings are never NULL ("" where the cloud gave none). Sizes in GiB. */
typedef struct {
  EvsJobState state;
  char *status; /* as the cloud has it: INIT, RUNNING, SUCCESS, FAIL, WAITING_EXECUTE ... */
  char *id, *type, *error_code,
    *fail_reason;  /* the last two of the failed sub job where the parent has none */
  char *volume_id; /* "" if not (yet) known; of the first sub job that has one */
  char *volume_type, *name, *server_id;
  char *
    cause; /* what the cloud's inner service said (errorcode_message); fail_reason has it where it has nothing else */
  gint64 size_gib;
  char *begin_time, *end_time; /* as the cloud wrote them */
  gint64 end_wall_us;          /* UTC; 0: not ended, or the cloud does not say */
  GPtrArray *sub_jobs;         /* of EvsJob * */
} EvsJob;

void evs_job_free(EvsJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsJob, evs_job_free)

/* 6.4.1 and its ECS twin. Newly allocated. An id that cannot be one is INTERNAL (ids of jobs come from the cloud) and not
 * sent. One that the cloud does not know is INVALID_ARGUMENT (Common.0011), not NOT_FOUND: jobs are forgotten after a
 * while. */
EvsJob *evs_job_get(EvsClient *client, const EvsContext *context, EvsService service, const char *job_id,
                    GError **error);

/* What a mutation of section 6 answers: a job to wait for, or, where something is paid by the month or year, an order
 * that somebody has to pay. Strings are "" and the array is empty where the cloud gave none. */
typedef struct {
  char *job_id, *order_id;
  char **volume_ids; /* NULL-terminated: of the disks being made; 404 until they are */
} EvsAccepted;

void evs_accepted_free(EvsAccepted *accepted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsAccepted, evs_accepted_free)

#pragma GCC visibility pop
G_END_DECLS
