/* Taking a disk from servers, for ControllerUnpublishVolume: one detach in the server's lane, and what follows when it
 * fails or hangs.
 *
 * Force takes a disk from a server without asking it. It is used only when a plain detach has failed, was refused
 * because of the server's state, or hangs (transit.h; also one that another controller or an earlier life began), and
 * only when the server does not run: a running guest may still write. States that pass by themselves (a reboot, a
 * migration) count as running. A detach that hangs at a running server is waited for. */
#pragma once

#include "controller/controller.h"

enum {
  DETACH_TRIES_MAX = 10,             /* detaches refused because the disk's state had changed */
  DETACH_FORCED_MAX = 3,             /* forced detaches of a disk that hangs, in one call */
  DETACH_LOOK_MS = 1000,             /* between two looks at a disk that changes by itself */
  DETACH_STUCK_LOOK_MS = 5000,       /* the same for one that hangs */
  DETACH_LOST_ANSWER_MS = 10 * 1000, /* until the status shows a detach whose answer was lost */
};

/* One ControllerUnpublishVolume under way. */
typedef struct {
  Controller *controller;
  RpcCall *call;
  const char *volume_id, *server_id; /* server_id "": all servers */
  EvsContext to_send, to_wait;
  guint tries, forced; /* refused detaches, and forced ones of a disk that hangs, so far */
  gboolean row_seen;   /* the first look is over */
  gboolean by_row;     /* the disk that the present step rests on is a row of a list (disk_row.h) */
} Removal;

typedef enum {
  DETACH_DONE,   /* the disk is not on the server */
  DETACH_AGAIN,  /* its state has changed, or may have: look at it again */
  DETACH_FAILED, /* error is set */
} DetachResult;

/* Detaches the disk, seen at rest, from one server. */
DetachResult detach_from(Removal *removal, const EvsDisk *disk, const char *server_id, GError **error);

/* For a disk seen `attaching` or `detaching`: waits a little, or ends it by force when it hangs. DETACH_DONE: the server
 * that hangs is gone. */
DetachResult detach_await(Removal *removal, const EvsDisk *disk, GError **error);

/* Does a server of this status run, or will it in a moment? */
gboolean detach_server_runs(const char *server_status);
