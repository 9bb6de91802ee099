/* Disks and snapshots through the OpenStack face of EVS (reference 7.1, 7.2). The records are those of disk.h and
 * snapshot.h, with fewer members filled. No jobs: a disk or snapshot is done when its status says so, gone with a 404.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, requests that
 * the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT). Create, extend, export, attach,
 * detach, reserve and unreserve are never repeated when they may have been taken: EVS_OUTCOME_UNKNOWN. */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/disk_change.h"
#include "evsclient/snapshot.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* ---- disks ---- */

/* 7.1.1. One disk, `creating`. Takes no count, backup_id, tags, enterprise_project_id, server_id, payment. */
EvsDisk *evs_cinder_volume_create(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                                  GError **error);
/* 7.1.2. cascade: with all its snapshots. The end is a 404. NOT_FOUND: there is none (any more: the call is repeated when
 * its answer was lost). */
gboolean evs_cinder_volume_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  gboolean cascade, GError **error);

/* At least one; name and description win over the other two. */
typedef struct {
  const char *name, *description, *display_name, *display_description; /* <= 64, <= 85 characters */
  GHashTable *metadata; /* string -> string, each <= 255 characters; or NULL */
} EvsCinderVolumeUpdate;

/* 7.1.3. The disk as it is now. Newly allocated. */
EvsDisk *evs_cinder_volume_update(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsCinderVolumeUpdate *request, GError **error);
/* 7.1.7. NOT_FOUND (EVS.5404) when there is none. Newly allocated. */
EvsDisk *evs_cinder_volume_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                               GError **error);

/* Filters of 7.1.6 and 7.1.8; NULL, 0: none. */
typedef struct {
  gint64 limit; /* page size 1..1000; 0 = 1000 */
  gint64 offset;
  const char *marker;              /* id of the last disk of the page before */
  const char *sort_key, *sort_dir; /* id, status, size, created_at; asc, desc */
  const char *name, *status, *availability_zone;
  GHashTable *metadata; /* string -> string: all of these */
} EvsCinderVolumeFilter;

/* 7.1.8: EvsDisk. */
EvsIterator *evs_cinder_volume_iterate(EvsClient *client, const EvsContext *context,
                                       const EvsCinderVolumeFilter *filter);
/* 7.1.6: EvsDisk with id, name and links only. */
EvsIterator *evs_cinder_volume_iterate_short(EvsClient *client, const EvsContext *context,
                                             const EvsCinderVolumeFilter *filter);

/* 7.1.10. Disks paid by use only; the end is the disk's status and size. GiB. */
gboolean evs_cinder_volume_extend(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  gint64 new_size_gib, GError **error);
/* 7.1.11. A data disk made bootable still cannot be a system disk. */
gboolean evs_cinder_volume_set_bootable(EvsClient *client, const EvsContext *context, const char *volume_id,
                                        gboolean bootable, GError **error);
/* 7.1.12. No answer of the cloud shows the flag. */
gboolean evs_cinder_volume_set_readonly(EvsClient *client, const EvsContext *context, const char *volume_id,
                                        gboolean readonly, GError **error);

typedef struct {
  const char *image_name;       /* 1-128 letters, digits, '-', '.', '_' and blanks */
  gboolean force;               /* of a disk in use */
  const char *container_format; /* ami, ari, aki, ovf, bare; NULL: bare */
  const char *disk_format;      /* vhd, zvhd, zvhd2, raw, qcow2; NULL: vhd */
  const char *os_type;          /* windows, linux; NULL: linux */
} EvsImageExport;
typedef struct {
  char *volume_id, *status, *image_id, *image_name, *container_format, *disk_format, *description;
  char *volume_type, *updated_at; /* never NULL */
  gint64 size_gib;
} EvsExportedImage;
void evs_exported_image_free(EvsExportedImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsExportedImage, evs_exported_image_free)

/* 7.1.13. Disks of up to 1024 GiB. The disk is `uploading` until it is done. Newly allocated. */
EvsExportedImage *evs_cinder_volume_export_image(EvsClient *client, const EvsContext *context,
                                                 const char *volume_id, const EvsImageExport *request,
                                                 GError **error);

/* 7.1.14-7.1.17 only flip the disk's status; nothing is attached to anything. To attach a disk: evs_server_attach(). */
typedef struct {
  const char *server_id, *mountpoint;
  const char *mode;      /* rw, ro; NULL: rw */
  const char *host_name; /* <= 64 characters */
} EvsCinderAttach;
/* 7.1.14. */
gboolean evs_cinder_volume_attach(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsCinderAttach *request, GError **error)
  G_GNUC_DEPRECATED_FOR(evs_server_attach);
/* 7.1.15. attachment_id NULL: the disk has only one. */
gboolean evs_cinder_volume_detach(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const char *attachment_id, GError **error)
  G_GNUC_DEPRECATED_FOR(evs_server_detach);
/* 7.1.16, 7.1.17. */
gboolean evs_cinder_volume_reserve(EvsClient *client, const EvsContext *context, const char *volume_id,
                                   GError **error) G_GNUC_DEPRECATED;
gboolean evs_cinder_volume_unreserve(EvsClient *client, const EvsContext *context, const char *volume_id,
                                     GError **error) G_GNUC_DEPRECATED;

/* ---- snapshots ---- */

/* 7.2.1, 7.2.2, 7.2.3, 7.2.6: as their twins of snapshot.h. */
EvsSnapshot *evs_cinder_snapshot_create(EvsClient *client, const EvsContext *context,
                                        const EvsSnapshotCreate *request, GError **error);
gboolean evs_cinder_snapshot_delete(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                    GError **error);
EvsSnapshot *evs_cinder_snapshot_update(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                        const EvsSnapshotUpdate *request, GError **error);
EvsSnapshot *evs_cinder_snapshot_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                     GError **error);

/* Filters of 7.2.4 and 7.2.5; NULL, 0: none. */
typedef struct {
  gint64 limit; /* page size 1..1000; 0 = 1000 */
  gint64 offset;
  const char *marker;                    /* id of the last snapshot of the page before */
  const char *name, *status, *volume_id; /* the name exactly */
  const char *availability_zone;         /* 7.2.5 only */
} EvsCinderSnapshotFilter;

/* 7.2.5: EvsSnapshot. */
EvsIterator *evs_cinder_snapshot_iterate(EvsClient *client, const EvsContext *context,
                                         const EvsCinderSnapshotFilter *filter);
/* 7.2.4: EvsSnapshot without project_id and progress. */
EvsIterator *evs_cinder_snapshot_iterate_short(EvsClient *client, const EvsContext *context,
                                               const EvsCinderSnapshotFilter *filter);

#pragma GCC visibility pop
G_END_DECLS
