#include "controller/find_disk.h"

#include "base/log.h"
#include "controller/meter.h"

static gboolean counts(const EvsDisk *disk)
{
  return !g_str_equal(disk->status, "error") && !g_str_equal(disk->status, "deleting") &&
         !g_str_equal(disk->status, "error_deleting");
}

static int compare_age(const EvsDisk *a, const EvsDisk *b)
{
  int order = strcmp(a->created_at, b->created_at);
  return order ? order : strcmp(a->id, b->id);
}

EvsDisk *find_disk_pick(const Owner *owner, const char *volume_name, const char *evs_name, GPtrArray *disks,
                        guint *ret_duplicates)
{
  EvsDisk *oldest = NULL;
  guint found = 0;
  for (guint i = 0; i < disks->len; i++) {
    EvsDisk *disk = disks->pdata[i];
    if (!g_str_equal(disk->name, evs_name) || !counts(disk) || !owner_made_for(owner, disk, volume_name))
      continue;
    found++;
    if (!oldest || compare_age(disk, oldest) < 0)
      oldest = disk;
  }
  *ret_duplicates = found > 1 ? found - 1 : 0;
  return oldest;
}

static void report_duplicates(const char *volume_name, const EvsDisk *kept, guint duplicates)
{
  controller_meter_duplicate_disks(duplicates);
  log_warn("several disks for one volume: the oldest is used, the others are left alone",
           LOG_TEXT("volume", volume_name), LOG_TEXT("disk", kept->id), LOG_NUMBER("others", duplicates));
}

static GPtrArray *list_named(Controller *controller, const EvsContext *context, const char *evs_name,
                             FindHow how, GError **error)
{
  const EvsDiskFilter filter = {.name = evs_name};
  GPtrArray *disks = NULL;
  if (how == FIND_BY_CALL)
    disks = evs_disk_list(controller->client, context, &filter, error);
  else if (!evs_watcher_look_name(controller->watcher, context, evs_name, &disks, error))
    return NULL;
  return disks;
}

gboolean find_disk(Controller *controller, const EvsContext *context, const CreateRequest *request,
                   FindHow how, EvsDisk **ret_disk, GError **error)
{
  g_autoptr(GPtrArray) disks = list_named(controller, context, request->evs_name, how, error);
  if (!disks) {
    g_prefix_error(error, "looking for a disk named '%s': ", request->evs_name);
    return FALSE;
  }
  guint duplicates = 0;
  const EvsDisk *disk =
    find_disk_pick(&controller->owner, request->name, request->evs_name, disks, &duplicates);
  if (duplicates > 0)
    report_duplicates(request->name, disk, duplicates);
  *ret_disk = disk ? evs_disk_copy(disk) : NULL;
  return TRUE;
}

gboolean disk_has_type(const EvsDisk *disk, const char *type)
{
  return g_str_equal(type, disk->volume_type) ||
         g_str_equal(type, evs_disk_metadata(disk, OWNER_KEY_CREATED_TYPE));
}

gboolean disk_is_scsi(const EvsDisk *disk)
{
  return g_ascii_strcasecmp(evs_disk_metadata(disk, "hw:passthrough"), "true") == 0;
}

/* The reference spells the keys with one underscore in places (evs-facts.md 8): both are read. */
const char *disk_kms_key(const EvsDisk *disk)
{
  const char *key = evs_disk_metadata(disk, "__system__cmkid");
  return key[0] ? key : evs_disk_metadata(disk, "__system_cmkid");
}

gboolean disk_has_source(const EvsDisk *disk)
{
  return disk->snapshot_id[0] || disk->image_id[0] || disk->backup_id[0] ||
         evs_disk_metadata(disk, OWNER_KEY_SOURCE)[0];
}

static gboolean refuse(const EvsDisk *disk, GError **error, const char *what, const char *has,
                       const char *wanted)
{
  return evs_error_set(
    error, EVS_CODE_ALREADY_EXISTS,
    "a volume of this name exists already (disk '%s') with another %s: it has '%s', the request "
    "wants '%s'",
    disk->id, what, has, wanted);
}

static gboolean size_fits(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  const VolumeSize *size = &request->size;
  if (disk->size_gib >= size->least_gib && disk->size_gib <= size->most_gib)
    return TRUE;
  g_autofree char *has = g_strdup_printf("%" G_GINT64_FORMAT " GiB", disk->size_gib);
  g_autofree char *wanted =
    size->most_gib == G_MAXINT64
      ? g_strdup_printf("at least %" G_GINT64_FORMAT " GiB", size->least_gib)
      : g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " GiB", size->least_gib, size->most_gib);
  return refuse(disk, error, "capacity", has, wanted);
}

static gboolean place_fits(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  const VolumeParameters *parameters = &request->parameters;
  if (parameters->type && !disk_has_type(disk, parameters->type))
    return refuse(disk, error, "type", disk->volume_type, parameters->type);
  if (request->zones->len > 0 &&
      !g_ptr_array_find_with_equal_func(request->zones, disk->availability_zone, g_str_equal, NULL))
    return refuse(disk, error, "availability zone", disk->availability_zone, request->zones->pdata[0]);
  if (parameters->dedicated_storage_id &&
      g_ascii_strcasecmp(parameters->dedicated_storage_id, disk->dedicated_storage_id) != 0)
    return refuse(disk, error, "dedicated storage", disk->dedicated_storage_id,
                  parameters->dedicated_storage_id);
  return TRUE;
}

/* The mark rules; a disk without one (made by the Go peer) may still show its snapshot. */
static gboolean source_fits(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  g_autofree char *wanted = create_request_source_mark(request);
  if (!wanted)
    return !disk_has_source(disk) ||
           refuse(disk, error, "source", "a snapshot, volume, image, backup or transfer", "an empty disk");
  const char *mark = evs_disk_metadata(disk, OWNER_KEY_SOURCE);
  g_autofree char *shown = mark[0]                ? g_strdup(mark)
                           : disk->snapshot_id[0] ? g_strconcat("snapshot:", disk->snapshot_id, NULL)
                                                  : NULL;
  return (shown && g_ascii_strcasecmp(shown, wanted) == 0) ||
         refuse(disk, error, "source", shown ? shown : "none", wanted);
}

/* A copy has device type and encryption of its source, which were compared before it was made; the cloud need not
 * repeat them on the copy. */
static gboolean device_fits(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  const VolumeParameters *parameters = &request->parameters;
  gboolean inherits = request->source_kind != SOURCE_NONE;
  const char *kms_key = parameters->kms_key_id ? parameters->kms_key_id : "";
  if (g_ascii_strcasecmp(kms_key, disk_kms_key(disk)) != 0 && !(inherits && !disk_kms_key(disk)[0]))
    return refuse(disk, error, "encryption key", disk_kms_key(disk), kms_key);
  if (disk_is_scsi(disk) != parameters->scsi && !(inherits && !disk_is_scsi(disk)))
    return refuse(disk, error, "device type", disk_is_scsi(disk) ? "scsi" : "virtio",
                  parameters->scsi ? "scsi" : "virtio");
  return TRUE;
}

gboolean find_disk_fits(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  const VolumeParameters *parameters = &request->parameters;
  if (!size_fits(request, disk, error) || !place_fits(request, disk, error))
    return FALSE;
  if (!source_fits(request, disk, error) || !device_fits(request, disk, error))
    return FALSE;
  if (disk->multiattach != parameters->multiattach)
    return refuse(disk, error, "multiattach", disk->multiattach ? "true" : "false",
                  parameters->multiattach ? "true" : "false");
  return TRUE;
}
