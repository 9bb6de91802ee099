/* Where the parts of evs-sim meet: each registers its routes, job types and journal kinds at start, in this order. */
#pragma once

#include "evssim/sim.h"

/* ---- of simhost's files (iam.c, metadata.c, device.c, ecs.c) ---- */

/* iam.h: routes and journal kinds of tokens and temporary keys. */
void iam_start(Sim *sim);
/* Token (X-Auth-Token) or signature (Authorization) of a ROUTE_AUTH request: fills request->principal, or answers
 * (401, 403, 400 Common.0013 ...) and returns FALSE. */
gboolean iam_authenticate(Request *request);
/* Checks request->project (set by the router from {project_id}, NULL if there is no such project) against the
 * principal: answers 400 Common.0018 / EVS.0001 and the like and returns FALSE. Called only if the path has one. */
gboolean iam_check_project(Request *request, const char *project_id);
/* actions may hold "*", "evs:*", "evs:volumes:*"; "!evs:volumes:delete" denies whatever else allows it. */
gboolean iam_denies(const Principal *principal, const char *action);
gboolean iam_allows(const Principal *principal, const char *action);
void iam_stop(Sim *sim);

void metadata_start(Sim *sim); /* metadata.h */
void metadata_stop(Sim *sim);

/* ecs.h: routes and job types (attachVolume, detachVolume). */
void ecs_start(Sim *sim);
void ecs_stop(Sim *sim);
/* server_id of 6.1.1: attaches the fresh disk at once; the job FAILs with EVS.2134 if the rules forbid it. */
void ecs_attach_fresh(Sim *sim, Disk *disk, const char *server_id, Job *job);
/* The server's status became DELETED: its disks are free at once, as the cloud does it. */
void ecs_server_deleted(Sim *sim, Server *server);
/* PUT /_sim/servers/ID/disks/VOL {"fault":...}; also answers. */
void ecs_handle_disk_fault(Request *request);

/* device.h: the trees of a server, DIR/servers/<id>/{dev,sys} and DIR/servers/by-name/<account>.<name>. Called for each
 * server at start (after the journal is read: attached disks get their devices back) and for each new one. */
gboolean device_server_start(Sim *sim, Server *server, GError **error);
/* After an attached disk's file grew: its servers see the new size. */
void device_disk_grown(const Sim *sim, const Disk *disk);
/* Takes the device of a disk that is about to go from servers that have it still: os-detach leaves it there. */
void device_disk_gone(const Sim *sim, const Disk *disk);
/* Detaches all loop devices; the trees stay on the file system (purge removes them). */
void device_stop(Sim *sim);
/* Loop devices held now. */
guint device_loops(const Sim *sim);
/* --purge of a state directory nobody serves: frees loop devices whose backing file lies in it. */
void device_purge(const char *state_dir);
/* "DIR/servers/<id>/dev"; newly allocated. */
char *device_dev_dir(const Sim *sim, const Server *server);
char *device_sys_dir(const Sim *sim, const Server *server);

/* ---- of the other files ---- */
void clock_start(Sim *sim); /* sim.c */
void jobs_start(Sim *sim);
void jobs_stop(Sim *sim);
void disks_start(Sim *sim); /* 6.1.x, 6.4.1 */
void disks_stop(Sim *sim);
void snapshots_register(Sim *sim); /* journal kind and directory */
void snapshots_start(Sim *sim);    /* snapshot_ops.c: 6.2.x */
void cinder_start(Sim *sim);       /* cinder.h: 7.1, 7.2, 7.5, 7.6 */
void catalog_start(Sim *sim);      /* types, zones, quotas, versions */
void control_start(Sim *sim);      /* /_sim */
