/* Changes of disks: size (6.1.5, 6.1.9, batch.extend), iops and throughput (6.1.13), type (retype). None of them is
 * idempotent: they are never repeated when they may have been taken (EVS_OUTCOME_UNKNOWN); the caller looks at the disk
 * instead. All block, any thread; the context ends them.
 *
 * Calls with ret_job_id are for disks paid by use: one paid by the month or year gets an order instead of a job, which
 * they report as FAILED_PRECONDITION naming the order, EVS_OUTCOME_UNKNOWN. Those that return EvsAccepted give either.
 * Jobs are EVS jobs (6.4.1). Sizes in GiB, throughput in MiB/s. */
#pragma once

#include "evsclient/job.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Grows the disk to new_size_gib (larger than now, at most 32768; system disks 1024). EVS.1015 when the disk is that
 * large already. A disk in use grows only if it is not shared and its server is ACTIVE, PAUSED, SUSPENDED or SHUTOFF. */
gboolean evs_disk_extend(EvsClient *client, const EvsContext *context, const char *volume_id,
                         gint64 new_size_gib, char **ret_job_id, GError **error);

/* 6.1.5 in full. */
typedef struct {
  gint64 new_size_gib;
  gboolean auto_pay;       /* the order of a disk paid by the month or year */
  const char *console_url; /* where the order page leads back to; NULL: none */
} EvsDiskExtend;
EvsAccepted *evs_disk_extend_paid(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsDiskExtend *request, GError **error);
/* 6.1.9. new_size_gib only. */
EvsAccepted *evs_disk_extend_v2(EvsClient *client, const EvsContext *context, const char *volume_id,
                                const EvsDiskExtend *request, GError **error)
  G_GNUC_DEPRECATED_FOR(evs_disk_extend_paid);

typedef struct {
  const char *volume_id;
  gint64 new_size_gib;
} EvsDiskNewSize;
/* batch.extend */
typedef struct {
  GPtrArray *disks; /* of const EvsDiskNewSize *, 1-50, each disk once */
  gboolean auto_pay;
} EvsDiskExtendBatch;
EvsAccepted *evs_disk_extend_batch(EvsClient *client, const EvsContext *context,
                                   const EvsDiskExtendBatch *request, GError **error);

/* GPSSD2 takes both, ESSD2 iops only (throughput 0: left out). */
gboolean evs_disk_set_qos(EvsClient *client, const EvsContext *context, const char *volume_id, gint64 iops,
                          gint64 throughput, char **ret_job_id, GError **error);

/* To a higher type; iops and throughput 0: left out. Takes hours. */
gboolean evs_disk_retype(EvsClient *client, const EvsContext *context, const char *volume_id,
                         const char *new_type, gint64 iops, gint64 throughput, char **ret_job_id,
                         GError **error);

/* retype in full. */
typedef struct {
  const char *new_type;
  gint64 iops, throughput;
  gboolean auto_pay;
  const char *console_url;
} EvsDiskRetype;
EvsAccepted *evs_disk_retype_paid(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsDiskRetype *request, GError **error);

#pragma GCC visibility pop
G_END_DECLS
