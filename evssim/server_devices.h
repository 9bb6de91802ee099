/* The devices of the model's servers: device.h with Server and Disk in place of paths. The functions that other parts
 * of the simulator call (device_server_start() and so on) are in parts.h. */
#pragma once

#include "evssim/sim.h"

/* Errors as device_attach(). */
gboolean server_plug(const Sim *sim, Server *server, const Disk *disk, GError **error);
void server_unplug(Server *server, const Disk *disk);
/* TRUE while the guest has the disk mounted. */
gboolean server_uses(const Server *server, const Disk *disk);

/* TRUE: the guest sees it on the SCSI bus. */
gboolean server_sees_scsi(const Server *server, const Disk *disk);
