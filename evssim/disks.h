/* EVS disks: the model, its journal records and its files. The statuses are those of the reference's A.3. */
#pragma once

#include "evssim/sim.h"

#define DISK_CREATING "creating"
#define DISK_AVAILABLE "available"
#define DISK_ATTACHING "attaching"
#define DISK_DETACHING "detaching"
#define DISK_IN_USE "in-use"
#define DISK_DELETING "deleting"
#define DISK_ERROR "error"
#define DISK_ERROR_DELETING "error_deleting"
#define DISK_ERROR_DETACHING "error_detaching"
#define DISK_EXTENDING "extending"
#define DISK_ERROR_EXTENDING "error_extending"
#define DISK_ERROR_RESTORING "error_restoring"
#define DISK_ERROR_ROLLBACKING "error_rollbacking"
#define DISK_ROLLBACKING "rollbacking"
#define DISK_BACKING_UP "backing-up"
#define DISK_UPLOADING "uploading"
#define DISK_AWAITING_TRANSFER "awaiting-transfer"

/* Disk.lock: what runs without a status of its own and forbids other things (disk_rules.h). */
#define DISK_LOCK_RETYPE "retype"
#define DISK_LOCK_QOS "qos"
#define DISK_LOCK_FROZEN "frozen"

/* Disk.marks: what the cloud acts by and no call shows. Set by PUT /_sim/disks, under the names of disk_marks. */
typedef enum {
  DISK_MARK_BACKUPS = 1 << 0,       /* has backups */
  DISK_MARK_BACKUP_POLICY = 1 << 1, /* a backup policy covers it */
  DISK_MARK_REPLICATED = 1 << 2,    /* belongs to a replication pair (SDRS): EVS.2089 on changes */
  DISK_MARK_TEMPORARY = 1 << 3, /* of the cloud's own, for a while: EVS.1012 on whatever is done with it */
} DiskMark;

/* Names of the bits of Disk.marks, the lowest first; NULL-terminated. */
extern const char *const disk_marks[];

/* A disk with defaults and a fresh id and wwn, not yet in the sim. */
Disk *disk_new(Project *project);
void disk_free(Disk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Disk, disk_free)

/* Puts the disk into the sim (which owns it from now on), makes its sparse file, with the bytes of its snapshot if it
 * has one, writes the journal. FALSE if the file cannot be made: the disk is freed. */
gboolean disk_insert(Sim *sim, Disk *disk, GError **error);
/* Takes the disk, its file and its snapshots away; disk is freed. */
void disk_remove(Sim *sim, Disk *disk);

/* The disk as the journal keeps it, and back. NULL for a record that is none. */
json_t *disk_to_record(const Disk *disk);
Disk *disk_from_record(const Sim *sim, const char *id, const json_t *record);

/* Metadata value, "" if absent. */
const char *disk_metadata(const Disk *disk, const char *key);
/* The disk can be asked for (before, GET says EVS.5404: reference 6.1.1; in the recycle bin too). */
gboolean disk_is_visible(const Sim *sim, const Disk *disk);

/* Made of an image: the only ones that count as system disks (reference 7.1.11). */
gboolean disk_is_system(const Disk *disk);

/* available or in-use: nothing with a status of its own runs on it. */
gboolean disk_is_settled(const Disk *disk);

/* "2016-05-25T02:42:10.856332": UTC, without a zone. */
json_t *render_time(gint64 wall_us);
/* The VolumeDetail of the custom API (evs-facts 2). */
json_t *disk_render(const Sim *sim, const Disk *disk);
/* Parts of it that the Cinder shapes have too. Rates are set in `json`, where the disk has them. */
json_t *disk_render_attachments(const Disk *disk);
void disk_render_rates(const Disk *disk, json_t *json, gboolean with_volume);

/* Journal kind "disk". */
void disks_register(Sim *sim);
/* After state_open(): files of disks that are not in the journal are removed. */
void disks_sweep_files(Sim *sim);

/* What counts against quotas: disks of the project (type NULL: all) and their GiB. */
void disk_usage(const Sim *sim, const Project *project, const char *type, gint64 *ret_count, gint64 *ret_gib);
/* The project's limit of this kind ("gigabytes_SSD"); -1: none. */
gint64 project_quota(const Project *project, const char *kind);

/* The seven types there are; NULL-terminated. */
extern const char *const disk_types[];
/* The id under which 7.1.4 lists a type. Newly allocated. */
char *disk_type_id(const char *type);
/* A row of 7.1.4; NULL if no zone has the type. */
json_t *disk_type_render(const Sim *sim, const char *type);
