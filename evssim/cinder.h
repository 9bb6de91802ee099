/* The Cinder face of EVS: disks (reference 7.1), snapshots (7.2), their metadata (7.5, 7.6), and the /v3 twins of all
 * that (8.2). It works on the same disks and snapshots as the custom face (disk_ops.h, snapshots.h) by the same rules; what
 * differs are shapes, success codes, and that nothing answers with a job. */
#pragma once

#include "evssim/disks.h"

/* cinder_start() of parts.h is in cinder_disks.c. */
void cinder_actions_start(Sim *sim);   /* 7.1.10 to 7.1.17: volumes/ID/action */
void cinder_upload_start(Sim *sim);    /* job type of 7.1.13 */
void cinder_snapshots_start(Sim *sim); /* 7.2 */
void cinder_metadata_start(Sim *sim);  /* 7.5, 7.6 */

/* Keys of 7.1.13: the samples have the first, the tables the second. */
#define CINDER_UPLOAD "os-volume_upload_image"
#define CINDER_UPLOADED "os-volume_uploaded_image"
void cinder_handle_upload(Request *request); /* cinder_upload.c */

/* cinder_render.c. What the reference calls VolumeDetail: 7.1.7, 7.1.8. */
json_t *cinder_render_detail(const Request *request, const Disk *disk);
/* CreateVolumeDetail: 7.1.1, 7.1.3. */
json_t *cinder_render_summary(const Request *request, const Disk *disk);
/* id, links, name: 7.1.6. */
json_t *cinder_render_short(const Request *request, const Disk *disk);
