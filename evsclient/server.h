/* ECS servers and their disks (cloud-facts.md A). */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *id, *name, *status, *availability_zone; /* never NULL; status: ACTIVE, SHUTOFF ... */
} EvsServer;

void evs_server_free(EvsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsServer, evs_server_free)

/* NOT_FOUND when there is none. */
EvsServer *evs_server_get(EvsClient *client, const EvsContext *context, const char *server_id,
                          GError **error);

/* Start the attach (not idempotent: sent on a fresh connection, never repeated when its answer is lost) or the
 * detach; *ret_job_id is an ECS job. force: only for a server that is not ACTIVE or after a plain detach failed. */
gboolean evs_server_attach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, char **ret_job_id, GError **error);
gboolean evs_server_detach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, gboolean force, char **ret_job_id, GError **error);

typedef struct {
  char *volume_id, *device, *bus; /* never NULL; bus: "virtio", "scsi" */
  gint64 size_gib;
  gint64 boot_index; /* 0: system disk; -1: none given */
} EvsBlockDevice;

/* The disks of a server (A3), of EvsBlockDevice*; free slots in *ret_free (-1 unknown; may be NULL). */
GPtrArray *evs_server_block_devices(EvsClient *client, const EvsContext *context, const char *server_id,
                                    gint64 *ret_free, GError **error);

#pragma GCC visibility pop
G_END_DECLS
