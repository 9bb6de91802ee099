/* Changes of a disk: size (6.1.5), iops and throughput (6.1.13), type (retype). None of them is idempotent: they are
 * never repeated when they may have been taken (EVS_OUTCOME_UNKNOWN); the caller looks at the disk instead. A disk
 * billed yearly or monthly gets an order instead of a job: FAILED_PRECONDITION naming the order, EVS_OUTCOME_UNKNOWN. */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Grows the disk to new_size_gib. *ret_job_id is an EVS job. EVS.1015 when the disk is that large already. */
gboolean evs_disk_extend(EvsClient *client, const EvsContext *context, const char *volume_id,
                         gint64 new_size_gib, char **ret_job_id, GError **error);
/* GPSSD2 takes both, ESSD2 iops only (throughput 0: left out). *ret_job_id is an EVS job. */
gboolean evs_disk_set_qos(EvsClient *client, const EvsContext *context, const char *volume_id, gint64 iops,
                          gint64 throughput, char **ret_job_id, GError **error);
/* To a higher type; iops and throughput 0: left out. Takes hours. *ret_job_id is an EVS job. */
gboolean evs_disk_retype(EvsClient *client, const EvsContext *context, const char *volume_id,
                         const char *new_type, gint64 iops, gint64 throughput, char **ret_job_id,
                         GError **error);

#pragma GCC visibility pop
G_END_DECLS
