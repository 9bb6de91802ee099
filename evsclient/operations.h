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
  gboolean audited; /* destroys or cuts off data: one log line per call */
  const char *due;  /* member that the answer must have, or NULL */
} EvsOperation;

extern const EvsOperation evs_op_disk_create, evs_op_disk_get, evs_op_disk_list, evs_op_disk_delete,
  evs_op_job_get, evs_op_zone_list, evs_op_type_list, evs_op_server_get, evs_op_attach, evs_op_detach,
  evs_op_block_devices, evs_op_ecs_job_get, evs_op_projects;
