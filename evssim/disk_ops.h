/* The operations on EVS disks (reference 6.1), one file per piece of work; disk_ops.c holds their routes. */
#pragma once

#include "evssim/sim.h"

void disk_handle_create(Request *request); /* disk_create.c */
void disk_handle_list(Request *request);   /* disk_list.c */

extern const JobType disk_create_job, disk_batch_create_job;
