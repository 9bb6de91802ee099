/* The operations on EVS disks (reference 6.1), one file per piece of work; disk_ops.c holds their routes. */
#pragma once

#include "evssim/sim.h"

void disk_handle_create(Request *request); /* disk_create.c */
void disk_handle_list(Request *request);   /* disk_list.c */
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
