/* Snapshots of EVS disks: the model, its journal records and its files (DIR/snapshots/<id>.img). The statuses are those
 * of the reference's A.4, spelled as DISK_* of disks.h. */
#pragma once

#include "evssim/disks.h"

enum {
  SNAPSHOTS_PER_DISK_MAX = 7,
  SNAPSHOTS_STANDARD_PER_DISK_MAX = 256,
  SNAPSHOTS_INSTANT_PER_DISK_MAX = 7, /* of these */
};

/* Names that begin so belong to backups: nothing can be done with such a snapshot (evs-facts 4.8). */
#define SNAPSHOT_BACKUP_PREFIX "autobk_snapshot_"

struct Snapshot {
  char *id; /* first: list_page.h */
  Project *project;
  char *volume_id, *name, *description; /* never NULL */
  const char *status;                   /* interned */
  char *zone, *type;                    /* of the disk: they bind what is made of the snapshot */
  char *enterprise_project_id;
  gint64 size_gib;
  json_t *metadata;  /* object of strings */
  json_t *inherited; /* object: metadata of the disk that its copies have too (bus, encryption) */
  json_t *standard;  /* of a standard snapshot: {"tags","instant_access","incremental"}, else NULL */
  gint64 created_us, updated_us; /* cloud wall clock */
  guint64 serial;
  json_t *record; /* as last written to the journal */
};

void snapshot_free(Snapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Snapshot, snapshot_free)

/* A snapshot in creating with the disk's bytes of this moment; owned by the sim. NULL if they cannot be copied.
 * metadata may be NULL. */
Snapshot *snapshot_take(Sim *sim, const Disk *disk, const char *id, const char *name, const char *description,
                        json_t *metadata, GError **error);
/* The same for a standard one (it takes a reference); standard NULL: for any other. */
Snapshot *snapshot_take_standard(Sim *sim, const Disk *disk, const char *id, const char *name,
                                 const char *description, json_t *metadata, json_t *standard, GError **error);
/* After a change: journal. */
void snapshot_changed(Sim *sim, Snapshot *snapshot);
void snapshot_set_status(Sim *sim, Snapshot *snapshot, const char *status);
/* Takes it and its file away; frees it. */
void snapshot_remove(Sim *sim, Snapshot *snapshot);
/* All of the disk's, the backups' too: it has been deleted. */
void snapshots_remove_of(Sim *sim, const char *volume_id);

/* The file; newly allocated. */
char *snapshot_file(const Sim *sim, const Snapshot *snapshot);

/* How many there are of this project (NULL: any), type (NULL: any) and disk (NULL: any). */
gint64 snapshots_count(const Sim *sim, const Project *project, const char *type, const char *volume_id);
/* How many standard ones the disk has: all, those with this flag true, those in this status (NULL: whatever). */
gint64 snapshots_count_standard(const Sim *sim, const char *volume_id, const char *flag, const char *status);

/* How an operation shows a snapshot. */
typedef json_t *(*SnapshotRender)(const Snapshot *snapshot);
/* As 6.2.5 shows it. */
json_t *snapshot_render(const Snapshot *snapshot);

/* The project's snapshots as they were age_us ago, without those made within the last lag_us, in no order; free_func set
 * for those made for it. */
typedef struct {
  GPtrArray *snapshots; /* of Snapshot* */
  GPtrArray *owned;
} SnapshotView;
SnapshotView *snapshot_view_new(const Sim *sim, const Project *project, gint64 lag_us, gint64 age_us);
void snapshot_view_free(SnapshotView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SnapshotView, snapshot_view_free)

/* snapshot_ops.c: the operations, whatever they show. */
Snapshot *snapshot_of_request(Request *request); /* of {snapshot_id}; NULL: answered */
void snapshot_create(Request *request, SnapshotRender render);
/* What every create has: the disk, name and description of the body's "snapshot"; FALSE: answered. */
gboolean snapshot_read_names(Request *request, Disk **ret_disk, const char **ret_name,
                             const char **ret_description);
/* The project's quota takes one more snapshot of this type; else answers EVS.5413. */
gboolean snapshot_rule_quota(Request *request, const char *type);
/* Starts its job and takes it. standard (a reference for it) and metadata may be NULL. NULL: answered. */
const Snapshot *snapshot_start(Request *request, const Disk *disk, const char *name, const char *description,
                               json_t *metadata, json_t *standard, const Job **ret_job);
void snapshot_handle_rollback(Request *request);
void snapshot_show(Request *request, SnapshotRender render);
void snapshot_update(Request *request, SnapshotRender render);
void snapshot_handle_delete(Request *request);

/* What a list takes and shows. */
typedef struct {
  gboolean
    custom; /* 6.2.4: the answer has "count", a marker is ignored, there are the filters of the custom face */
  gboolean zone;     /* availability_zone is a filter */
  const char *next;  /* what the link to the next page names behind the project; NULL: none */
  gboolean standard; /* shows standard snapshots, else all others */
  SnapshotRender render;
} SnapshotList;
/* Answers a list request (snapshot_list.c). */
void snapshot_list(Request *request, const SnapshotList *list);
void snapshot_handle_list(Request *request); /* 6.2.4 */
/* The operation and the snapshot are both of the standard kind, or neither: the older calls do not know the newer
 * snapshots, nor the other way round. */
gboolean snapshot_is_of_face(const Request *request, const Snapshot *snapshot);
void standard_snapshots_start(Sim *sim); /* standard_snapshots.c: /v5 */
/* After state_open(): files of snapshots that are not in the journal are removed. */
void snapshots_sweep_files(Sim *sim);
