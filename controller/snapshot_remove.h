/* Deleting one snapshot, whatever it is doing: one being created is awaited first, one being deleted is awaited. */
#pragma once

#include "controller/controller.h"

typedef enum {
  SNAPSHOT_REMOVE_SEND, /* answers when the cloud has taken the request */
  SNAPSHOT_REMOVE_WAIT, /* answers when the snapshot is gone */
} SnapshotRemoveEnd;

/* May this snapshot be deleted? NULL: any. FALSE with the reason. */
typedef gboolean (*SnapshotCheck)(const Controller *controller, const EvsSnapshot *snapshot, GError **error);

/* Gone is TRUE. to_send rules until the DELETE is out, to_wait afterwards (context.h). ABORTED while the snapshot's
 * status forbids it and changes by itself, FAILED_PRECONDITION when it does not (error_deleting). */
gboolean snapshot_remove(Controller *controller, const EvsContext *to_send, const EvsContext *to_wait,
                         const char *snapshot_id, SnapshotCheck check, SnapshotRemoveEnd end, GError **error);

/* The resource that a flight claims while it deletes a snapshot or makes a disk of it: "snapshot:<id>". Newly
 * allocated. */
char *snapshot_resource(const char *snapshot_id);
