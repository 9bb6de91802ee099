/* PUT /_sim/disks/VOLUME: brings a disk into a state that tests want drivers to meet. */
#include "base/error.h"
#include "evssim/control.h"
#include "evssim/disks.h"
#include "evssim/jsonread.h"

static const char *const statuses[] = {DISK_CREATING,
                                       DISK_AVAILABLE,
                                       DISK_ATTACHING,
                                       DISK_DETACHING,
                                       DISK_IN_USE,
                                       DISK_DELETING,
                                       DISK_ERROR,
                                       DISK_ERROR_DELETING,
                                       DISK_ERROR_DETACHING,
                                       DISK_EXTENDING,
                                       DISK_ERROR_EXTENDING,
                                       DISK_ERROR_RESTORING,
                                       DISK_ROLLBACKING,
                                       DISK_BACKING_UP,
                                       DISK_ERROR_ROLLBACKING,
                                       DISK_AWAITING_TRANSFER,
                                       "restoring-backup",
                                       DISK_UPLOADING,
                                       "downloading",
                                       NULL};

static const char *const service_types[] = {"EVS", "DSS", "DESS", NULL};

typedef struct {
  int status;       /* index; -1: as it is */
  int service_type; /* the same */
  json_t *metadata; /* key -> string, or null to remove it; NULL: as it is */
  gboolean has_frozen, frozen, bootable;
  guint marks;
} DiskEdit;

static gboolean read_choices(const json_t *body, DiskEdit *edit, GError **error)
{
  edit->status = edit->service_type = -1;
  return (!json_object_get(body, "status") ||
          jsonread_choice(body, "disk", "status", statuses, -1, &edit->status, error)) &&
         (!json_object_get(body, "service_type") ||
          jsonread_choice(body, "disk", "service_type", service_types, -1, &edit->service_type, error));
}

static gboolean read_marks(const json_t *body, const Disk *disk, DiskEdit *edit, GError **error)
{
  edit->marks = 0;
  for (guint i = 0; disk_marks[i]; i++) {
    gboolean set;
    if (!jsonread_boolean(body, "disk", disk_marks[i], (disk->marks & 1u << i) != 0, &set, error))
      return FALSE;
    edit->marks |= set ? 1u << i : 0;
  }
  return jsonread_boolean(body, "disk", "bootable", disk->bootable, &edit->bootable, error);
}

static gboolean read_metadata(const json_t *body, DiskEdit *edit, GError **error)
{
  const char *key;
  json_t *value;
  if (!jsonread_object(body, "disk", "metadata", &edit->metadata, error))
    return FALSE;
  json_object_foreach(edit->metadata, key, value)
  {
    if (!json_is_string(value) && !json_is_null(value))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "disk: metadata '%s' must be a string or null",
                           key);
  }
  return TRUE;
}

static gboolean read_frozen(const json_t *body, const Disk *disk, DiskEdit *edit, GError **error)
{
  const json_t *frozen = json_object_get(body, "frozen");
  edit->has_frozen = frozen != NULL;
  edit->frozen = json_is_true(frozen);
  if (frozen && !json_is_boolean(frozen))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "disk: 'frozen' must be true or false");
  if (frozen && *disk->lock && !g_str_equal(disk->lock, DISK_LOCK_FROZEN))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "disk: it is locked by %s", disk->lock);
  return TRUE;
}

static void apply(Disk *disk, const DiskEdit *edit)
{
  const char *key;
  json_t *value;
  if (edit->status >= 0)
    disk_set_status(disk, statuses[edit->status]);
  json_object_foreach(edit->metadata, key, value)
  {
    if (json_is_null(value))
      json_object_del(disk->metadata, key);
    else
      json_object_set(disk->metadata, key, value);
  }
  if (edit->has_frozen)
    disk->lock = edit->frozen ? DISK_LOCK_FROZEN : "";
  if (edit->service_type >= 0)
    disk->service_type = service_types[edit->service_type];
  disk->marks = edit->marks;
  disk->bootable = edit->bootable;
}

void control_handle_disk_put(Request *request)
{
  static const char *const keys[] = {"status",  "metadata",      "frozen",     "service_type", "bootable",
                                     "backups", "backup_policy", "replicated", "temporary",    NULL};
  const json_t *body = control_body(request, keys);
  Disk *disk = sim_disk(request->sim, request_path(request, "volume_id"));
  g_autoptr(GError) error = NULL;
  DiskEdit edit;
  if (!body)
    return;
  if (!disk)
    evs_error_set(&error, EVS_CODE_NOT_FOUND, "there is no disk '%s'", request_path(request, "volume_id"));
  if (error || !read_choices(body, &edit, &error) || !read_metadata(body, &edit, &error) ||
      !read_frozen(body, disk, &edit, &error) || !read_marks(body, disk, &edit, &error)) {
    control_reply_error(request, error);
    return;
  }
  apply(disk, &edit);
  disk_changed(request->sim, disk);
  reply_json(request, 200, control_disk_json(request->sim, disk));
}
