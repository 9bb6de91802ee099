/* How ControllerPublish, ControllerUnpublish and DeleteVolume begin: with the disk's row of a list that hundreds of calls
 * share (evs_watcher_look()), instead of a GET each.
 *
 * The rule. A row may be old. So all it may do is to allow the common way forward, to a request which the cloud itself
 * refuses if the row was old: an attach of a disk that is free, a detach of one that is attached, a delete of one that
 * is free and not another's. Everything else - no row, nothing to be done, any refusal, a disk on its way, a status that
 * is none of the common ones - is decided by the disk as evs_disk_get() reads it. So is what to make of a request that
 * was sent because of a row and refused: the caller reads the disk before it draws any conclusion.
 * What the cloud does not refuse is a delete after the disk's owner has changed: a row widens that window, which a GET
 * has too, by the age of the list. */
#pragma once

#include "controller/controller.h"

typedef enum { DISK_AIM_ATTACH, DISK_AIM_DETACH, DISK_AIM_DELETE } DiskAimKind;

/* What the caller wants of the disk. */
typedef struct {
  DiskAimKind kind;
  const char *server_id; /* attach, detach: not "" */
  gboolean multi_node;   /* attach: other servers may have the disk too */
} DiskAim;

/* Is this disk in the common state for the aim? No I/O. */
gboolean disk_row_allows(const Owner *owner, const DiskAim *aim, const EvsDisk *row);

/* Looks at the disk's row, into *ret_row: newly allocated, NULL when there is none or the list failed. TRUE if the row
 * allows the aim; else read the disk. */
gboolean disk_row_look(const Controller *controller, const EvsContext *context, const char *volume_id,
                       const DiskAim *aim, EvsDisk **ret_row);
