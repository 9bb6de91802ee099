/* ECS servers and their disks (cloud-facts.md A1-A5). Sizes in GiB. All calls block, any thread; the context ends them.
 * Ids that are no UUIDs are NOT_FOUND and not sent. */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *volume_id, *device; /* never NULL nor "" (the id) */
  gint64 boot_index;        /* 0: system disk; -1: not bootable, or not given */
  gboolean delete_on_termination;
} EvsServerDisk;

/* Strings are never NULL. */
typedef struct {
  char *id, *name, *status, *availability_zone; /* status: ACTIVE, SHUTOFF ... */
  char *project_id, *vm_state, *task_state;
  gint64 power_state; /* 1: running, 4: shut down; 0: not given */
  gboolean locked;
  GHashTable *metadata; /* string -> string */
  GPtrArray *disks;     /* of EvsServerDisk * */
} EvsServer;

void evs_server_free(EvsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsServer, evs_server_free)

/* NOT_FOUND when there is none. Newly allocated. */
EvsServer *evs_server_get(EvsClient *client, const EvsContext *context, const char *server_id,
                          GError **error);

/* Start the attach (not idempotent: sent on a fresh connection, never repeated when its answer is lost) or the
 * detach; *ret_job_id is an ECS job. force: only for a server that is not ACTIVE or after a plain detach failed. */
gboolean evs_server_attach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, char **ret_job_id, GError **error);
gboolean evs_server_detach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, gboolean force, char **ret_job_id, GError **error);

/* Attach in full. A dry run checks parameters and limits and attaches nothing: it needs volume_type and passthrough
 * instead of volume_id, and gives no job. */
typedef struct {
  const char *volume_id;
  const char *device; /* /dev/vdb; NULL: the cloud chooses */
  gboolean dry_run;
  const char *volume_type, *passthrough; /* dry run: the type, "true" for SCSI or "false" */
  gint64 count;                          /* dry run: so many disks; 0 counts as 1 */
} EvsServerAttach;
/* *ret_job_id gets "" for a dry run. */
gboolean evs_server_attach_as(EvsClient *client, const EvsContext *context, const char *server_id,
                              const EvsServerAttach *request, char **ret_job_id, GError **error);

typedef struct {
  char *volume_id, *device, *bus; /* never NULL; bus: "virtio", "scsi" */
  char *server_id, *pci_address;
  gint64 size_gib;
  gint64 boot_index; /* 0: system disk; -1: none given */
} EvsBlockDevice;

void evs_block_device_free(EvsBlockDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsBlockDevice, evs_block_device_free)

/* The disks of a server (A3), of EvsBlockDevice*; free slots in *ret_free (-1 unknown; may be NULL). */
GPtrArray *evs_server_block_devices(EvsClient *client, const EvsContext *context, const char *server_id,
                                    gint64 *ret_free, GError **error);

#pragma GCC visibility pop
G_END_DECLS
