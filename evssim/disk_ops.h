/* The operations on EVS disks (reference 6.1), one file per piece of work; disk_ops.c holds their routes. */
#pragma once

#include "evssim/disk_request.h"

void disk_handle_create(Request *request); /* disk_create.c */
/* Starts making the one disk of a request that was read; it can be asked for at once. NULL if it cannot be made. */
const Disk *disk_create_at_once(Request *request, const DiskRequest *read);

/* disk_ops.c. How an operation shows a disk. */
typedef json_t *(*DiskRender)(const Request *request, const Disk *disk);
/* Answers a GET of {volume_id} with {"volume": ...}. */
void disk_show(Request *request, DiskRender render);
/* The rules of a delete; answers the violated one. */
gboolean disk_may_delete(Request *request, const Disk *disk);
Job *disk_start_delete(Request *request, Disk *disk);
/* disk_change.c: expansion by the body's os-extend; NULL: refused and answered. */
Job *disk_extend(Request *request, Disk *disk);
/* All its rules but the project's quota. new_size: as the body has it. */
gboolean disk_may_extend(Request *request, const Disk *disk, const json_t *new_size, gint64 *ret_size);
/* What the end of an expansion does to the disk; entity: with its new "size". */
void disk_finish_extend(Sim *sim, Job *job, const char *volume_id, const json_t *entity, gboolean failed);
void disk_batch_start(Sim *sim); /* disk_batch.c: expansion of several */
/* The entities of a job whose own hold "disks": one sub job of this type each (disk_create.c). */
json_t *disk_render_sub_jobs(const Job *job, const char *type);

void disk_handle_list(Request *request); /* disk_list.c: 6.1.3 */

/* Groups of filters that only some lists take (evs-facts 4.3). */
enum {
  DISK_FILTER_METADATA = 1 << 0,
  DISK_FILTER_IDS = 1 << 1,     /* id, ids */
  DISK_FILTER_STORAGE = 1 << 2, /* multiattach, service_type, dedicated_storage_*, volume_type_id */
  DISK_FILTER_USE = 1 << 3,     /* server_id, bootable, enterprise_project_id */
  DISK_FILTERS_ALL = (1 << 4) - 1,
};

/* What a list takes and shows. */
typedef struct {
  guint
    filters; /* DISK_FILTER_*; name, status, availability_zone and what pages and sorts go with every list */
  gboolean count; /* the answer has "count" */
  const char
    *next; /* what the link to the next page names behind the project: "volumes/detail"; NULL: no link */
  DiskRender render; /* of one row */
} DiskList;

/* Answers a list request (disk_list.c). */
void disk_list(Request *request, const DiskList *list);

void disk_update_start(Sim *sim); /* disk_update.c: 6.1.2 */
void disk_old_start(Sim *sim);    /* disk_old.c: 6.1.8, 6.1.11, 6.1.12 */
void disk_tags_start(Sim *sim);   /* disk_tags.c: 6.3 */

/* Only these keys of disk_render(); NULL-terminated. */
json_t *disk_render_only(const Sim *sim, const Disk *disk, const char *const *keys);

/* disk_change.c: routes and job types of expansion, QoS and type changes */
void disk_change_start(Sim *sim);
void disk_retype_start(Sim *sim); /* disk_retype.c */
/* Starts the job of a change, with the disk as it will be in its entities; the caller adds a note and calls
 * job_changed(). */
Job *disk_change_job(Request *request, const char *type, const Disk *disk, const char *new_type,
                     gint64 new_size);
/* {"job_id"}, or {"order_id"} for a yearly/monthly disk. */
void disk_change_reply(Request *request, int status, const Job *job, const Disk *disk);
/* note: "<iops> <throughput>"; NULL: none. */
void disk_set_rates(Disk *disk, const char *note);

extern const JobType disk_create_job, disk_batch_create_job;
