/* Finding the disk of a volume: by its EVS name, then by owner metadata, and comparing it with a request. */
#pragma once

#include "controller/controller.h"
#include "controller/create_request.h"

typedef enum {
  FIND_SHARED,  /* by evs_watcher_look_name(): many who look share a list */
  FIND_BY_CALL, /* by a call of its own: an old disk that has just come by its name is found too */
} FindHow;

/* Looks for the disk of this request's name and owner. *ret_disk is NULL when there is none (not an error). Disks that
 * failed or go away (error, deleting, error_deleting) do not count. Of several, the oldest by (created_at, id) is
 * given; the others are logged and counted (evs_controller_duplicate_disks_total), never touched. */
gboolean find_disk(Controller *controller, const EvsContext *context, const CreateRequest *request,
                   FindHow how, EvsDisk **ret_disk, GError **error);

/* Picks from a list of EvsDisk* as find_disk() does; borrowed, or NULL. *ret_duplicates: how many more there are. */
EvsDisk *find_disk_pick(const Owner *owner, const char *volume_name, const char *evs_name, GPtrArray *disks,
                        guint *ret_duplicates);

/* Is the existing disk what the request asks for? ALREADY_EXISTS naming the first difference: size, type, zone,
 * source, encryption, device type, multiattach, dedicated storage. The type: that of the disk, or the one it was created
 * with (disk_has_type()): a repeated request may be older than a change of type. */
gboolean find_disk_fits(const CreateRequest *request, const EvsDisk *disk, GError **error);

/* Has the disk this type, or was it made with it? The latter stands in its metadata (OWNER_KEY_CREATED_TYPE). */
gboolean disk_has_type(const EvsDisk *disk, const char *type);

/* The disk's device type and encryption as its metadata say. */
gboolean disk_is_scsi(const EvsDisk *disk);
const char *disk_kms_key(const EvsDisk *disk); /* "" when not encrypted */
/* Made from a snapshot, a volume, an image or a backup: it may hold data. */
gboolean disk_has_source(const EvsDisk *disk);
