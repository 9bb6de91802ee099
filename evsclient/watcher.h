/* Waiting for many disks with few calls: one sweep watches all (design.md section 2, "One sweep watches all").
 *
 * A thread of its own reads cloudvolumes/detail once per tick for everything pending (by `ids` when few) and asks a job
 * only when the disk cannot tell; another one does so with cloudsnapshots/detail. A row may confirm an operation, never
 * fail it; absence from a list proves nothing. Ticks adapt to the learned duration of each operation; none when nothing
 * waits.
 *
 * The waits block their caller until the end, the context's deadline or its cancellation (both ABORTED, the text names
 * operation, job id and age: the operation goes on in the cloud). job_id may be NULL or "" after a restart: then status
 * alone decides. A failed job is an error with the job's code mapped as codes.h says (INTERNAL where unknown), its
 * fail_reason in the text. *ret_disk is the disk as last read; ret_disk may be NULL.
 */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/snapshot.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct EvsWatcher EvsWatcher;

EvsWatcher *evs_watcher_new(EvsClient *client);
void evs_watcher_free(EvsWatcher *watcher); /* no wait may be running */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsWatcher, evs_watcher_free)

/* Until the disk is `available`. volume_id may be NULL or "": the job tells it. A job that FAILs: error with
 * evs_error_is_job_failure(). */
gboolean evs_watch_create(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, EvsDisk **ret_disk, GError **error);
/* Until GET says 404 / the job is SUCCESS. */
gboolean evs_watch_delete(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, GError **error);
/* Until the disk is `in-use` with this server and an attachment id that is not in known_attachments
 * (NULL-terminated, may be NULL). job_id: ECS. */
gboolean evs_watch_attach(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *server_id, const char *job_id, const char *const *known_attachments,
                          EvsDisk **ret_disk, GError **error);
/* Until the disk has no attachment to this server (and, not shared, is `available`). A disk that is gone is detached. */
gboolean evs_watch_detach(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *server_id, const char *job_id, GError **error);

/* Until the disk has at least this size and is no longer `extending`. error_extending is a failure. */
gboolean evs_watch_extend(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, gint64 size_gib, EvsDisk **ret_disk, GError **error);
/* Until the disk shows these iops and throughput (0: whatever it is). */
gboolean evs_watch_qos(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                       const char *job_id, gint64 iops, gint64 throughput, EvsDisk **ret_disk,
                       GError **error);
/* Until the disk's type is this one. Takes hours: expect ABORTED and wait again. */
gboolean evs_watch_retype(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, const char *type, EvsDisk **ret_disk, GError **error);
/* Snapshots have no job: until the snapshot is `available` / until it is gone. `error` is a failure; *ret_snapshot gets
 * the snapshot as last read by id or row then too, NULL if it never was. */
gboolean evs_watch_snapshot(EvsWatcher *watcher, const EvsContext *context, const char *snapshot_id,
                            EvsSnapshot **ret_snapshot, GError **error);
gboolean evs_watch_snapshot_delete(EvsWatcher *watcher, const EvsContext *context, const char *snapshot_id,
                                   GError **error);

/* What a list says of a disk now, for many callers with few calls: the answer comes from a list that began after this call,
 * shared with everything else that is looked at or waited for. *ret_disk is newly allocated; NULL, without error, when the
 * disk is not listed, which proves nothing. A row is good for going on to a request that the cloud itself refuses when the
 * row was old; for anything else (success without a request, a refusal) ask evs_disk_get(). volume_id: a UUID. */
gboolean evs_watcher_look(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          EvsDisk **ret_disk, GError **error);

/* All disks, or snapshots, that a list shows of this name, and perhaps some of other names; a list that began after this
 * call. One caller alone has a call of its own by name. Many share the sweep's list of the newest thousand and an index of
 * what is older, which misses an old disk that got its name, or came to the project, less than half an hour ago. */
gboolean evs_watcher_look_name(EvsWatcher *watcher, const EvsContext *context, const char *name,
                               GPtrArray **ret_disks, GError **error);
gboolean evs_watcher_look_snapshot_name(EvsWatcher *watcher, const EvsContext *context, const char *name,
                                        GPtrArray **ret_snapshots, GError **error);

/* TRUE if the error says that the cloud's job ended with FAIL (so the client token that made it is spent). */
gboolean evs_error_is_job_failure(const GError *error);

#pragma GCC visibility pop
G_END_DECLS
