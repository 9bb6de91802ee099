/* The simulated ECS: server detail, attach and detach by job, lists of a server's disks, the Nova twins.
 *
 * The journal kind "attaching" holds the attaches that run: disk and server are taken from the moment the call is
 * accepted, the attachment appears on the disk when the job succeeds. The jobs of one server run one after another.
 * Within the simulator: ecs_start() and ecs_handle_disk_fault() of parts.h. */
#pragma once

#include "evssim/sim.h"

enum {
  ECS_VBD_MAX = 24,  /* virtio disks of one server, its system disk included */
  ECS_SCSI_MAX = 59, /* SCSI disks of one server */
};

/* An attach under way. */
typedef struct {
  char *volume_id, *server_id;
  char *device; /* "/dev/vdc": the console's name */
} Attaching;

/* The attach of this disk to this server that runs now, or NULL. */
const Attaching *ecs_attaching(const Sim *sim, const char *volume_id, const char *server_id);
/* device: NULL takes the next free name. */
const Attaching *ecs_attaching_add(Sim *sim, const Disk *disk, const Server *server, const char *device);
void ecs_attaching_remove(Sim *sim, const char *volume_id, const char *server_id);

/* Attaches of this disk under way. */
guint ecs_attaching_count(const Sim *sim, const Disk *disk);

/* The server's disks, those being attached included; oldest disk first. The caller frees the array. */
GPtrArray *ecs_disks_of(const Sim *sim, const Server *server); /* of Disk* */

/* The console's name of a disk on this server, attached or being attached; NULL if it is neither. */
const char *ecs_device_name(const Sim *sim, const Disk *disk, const Server *server);

typedef struct {
  int any, virtio, scsi; /* data disks that still fit */
} FreeSlots;
FreeSlots ecs_free_slots(const Sim *sim, const Server *server);

/* The server of {server_id} in the request's project, or NULL after 404 Ecs.0114 (itemNotFound for Nova calls). */
Server *ecs_find_server(Request *request, gboolean nova);
/* The visible disk of this id in the request's project, or NULL; no answer. */
Disk *ecs_find_disk(const Request *request, const char *volume_id);

/* ecs_attach.c: attach, detach and their job types. */
void ecs_attach_start(Sim *sim);
/* ecs_views.c: what can be read. */
void ecs_views_start(Sim *sim);
