/* The cloud's operations as a table: id of the reference, how they are sent, whether they may be sent again. */
#pragma once

#include "evsclient/job.h"

typedef enum {
  EVS_REPEAT_SAFE,  /* reads, deletes, detaches: doing it twice is doing it once */
  EVS_REPEAT_NEVER, /* not when it may have been taken; goes out on a connection of its own */
} EvsRepeat;

typedef struct {
  const char *id;   /* of the reference: the label of metrics and gates */
  const char *what; /* "create disk": for error texts */
  EvsService service;
  const char *method;
  const char *path; /* {project}, {1}, {2} are filled in */
  EvsRepeat repeat;
  const char *audited; /* what the call destroys or cuts off ("disk"): one log line per call; NULL: nothing */
  const char *due;     /* member that the answer must have, or NULL */
  /* A full quota is FAILED_PRECONDITION with this remedy; NULL: RESOURCE_EXHAUSTED. For calls whose CSI caller takes
   * RESOURCE_EXHAUSTED as "still being made" for ever. */
  const char *final_quota_remedy;
} EvsOperation;

extern const EvsOperation evs_op_disk_create, evs_op_disk_get, evs_op_disk_list, evs_op_disk_delete,
  evs_op_job_get, evs_op_zone_list, evs_op_type_list, evs_op_server_get, evs_op_attach, evs_op_detach,
  evs_op_block_devices, evs_op_ecs_job_get, evs_op_projects, evs_op_disk_extend, evs_op_disk_qos,
  evs_op_disk_retype, evs_op_snapshot_create, evs_op_snapshot_get, evs_op_snapshot_list,
  evs_op_snapshot_delete, evs_op_quota_get, evs_op_recycle_get, evs_op_recycle_policy;
