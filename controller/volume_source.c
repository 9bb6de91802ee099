#include "controller/volume_source.h"

#include "controller/clone_snapshot.h"
#include "controller/context.h"
#include "controller/create_snapshot.h"
#include "controller/disk_state.h"
#include "controller/find_disk.h"
#include "controller/get_snapshot.h"
#include "controller/volume_id.h"
#include "ownership/snapshot_kind.h"

gboolean volume_source_check_exists(const CreateRequest *request, GError **error)
{
  if (request->source_kind == SOURCE_NONE)
    return TRUE;
  return volume_id_check_exists(request->source_kind == SOURCE_VOLUME ? "volume" : "snapshot",
                                request->source_id, error);
}

static gboolean differs(const CreateRequest *request, GError **error, const char *parameter,
                        const char *given, const char *wanted)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "parameter '%s' is '%s', but a disk made from %s '%s' has '%s'", parameter, given,
                       request->source_kind == SOURCE_VOLUME ? "volume" : "snapshot", request->source_id,
                       wanted);
}

static gboolean parameters_fit(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  const VolumeParameters *given = &request->parameters;
  if (given->type && !g_str_equal(given->type, disk->volume_type))
    return differs(request, error, "type", given->type, disk->volume_type);
  if (given->scsi != disk_is_scsi(disk))
    return differs(request, error, "scsi", given->scsi ? "true" : "false", given->scsi ? "false" : "true");
  const char *kms_key = given->kms_key_id ? given->kms_key_id : "";
  if (g_ascii_strcasecmp(kms_key, disk_kms_key(disk)) != 0)
    return differs(request, error, "kmsId", kms_key, disk_kms_key(disk));
  if (given->availability && !g_str_equal(given->availability, disk->availability_zone))
    return differs(request, error, "availability", given->availability, disk->availability_zone);
  return TRUE;
}

static gboolean zone_fits(const CreateRequest *request, const EvsDisk *disk, GError **error)
{
  if (request->zones->len == 0 ||
      g_ptr_array_find_with_equal_func(request->zones, disk->availability_zone, g_str_equal, NULL))
    return TRUE;
  g_autoptr(GString) zones = g_string_new(NULL);
  for (guint i = 0; i < request->zones->len; i++)
    g_string_append_printf(zones, "%s%s", i ? ", " : "", (const char *)request->zones->pdata[i]);
  return evs_error_set(
    error, EVS_CODE_RESOURCE_EXHAUSTED,
    "field 'accessibility_requirements' accepts only availability zone %s, but a disk made from %s "
    "'%s' must be in '%s'",
    zones->str, request->source_kind == SOURCE_VOLUME ? "volume" : "snapshot", request->source_id,
    disk->availability_zone);
}

static gboolean size_fits(const CreateRequest *request, gint64 size_gib, GError **error)
{
  const VolumeSize *size = &request->size;
  gboolean too_small = size->least_gib > 0 && size->create_gib < size_gib;
  if (!too_small && size_gib <= size->most_gib)
    return TRUE;
  return evs_error_set(
    error, EVS_CODE_OUT_OF_RANGE,
    "field 'capacity_range' asks for %s%" G_GINT64_FORMAT " GiB, but a disk made from %s '%s' has "
    "at least %" G_GINT64_FORMAT " GiB",
    too_small ? "" : "at most ", too_small ? size->create_gib : size->most_gib,
    request->source_kind == SOURCE_VOLUME ? "volume" : "snapshot", request->source_id, size_gib);
}

gboolean volume_source_fits(const CreateRequest *request, const EvsDisk *disk, gint64 size_gib,
                            GError **error)
{
  return parameters_fit(request, disk, error) && zone_fits(request, disk, error) &&
         size_fits(request, size_gib, error);
}

static gboolean adopt_place(Creation *creation, const EvsDisk *disk, gint64 size_gib, GError **error)
{
  const CreateRequest *request = creation->request;
  if (!volume_source_fits(request, disk, size_gib, error))
    return FALSE;
  creation->zone = g_strdup(disk->availability_zone);
  creation->type = g_strdup(disk->volume_type);
  creation->size_gib = MAX(request->size.create_gib, size_gib);
  creation->iops = request->parameters.iops;
  creation->throughput = request->parameters.throughput;
  if (parameters_has_performance(creation->type)) {
    creation->iops = creation->iops ? creation->iops : disk->iops;
    creation->throughput = creation->throughput ? creation->throughput : disk->throughput;
  }
  VolumeParameters performance = {.iops = creation->iops, .throughput = creation->throughput};
  return parameters_check_performance(&performance, creation->type, creation->size_gib, error);
}

/* ---- from a snapshot ---- */

static EvsSnapshot *await_ready(Creation *creation, EvsSnapshot *read, GError **error)
{
  g_autoptr(EvsSnapshot) snapshot = read;
  if (snapshot_is_ready(snapshot))
    return g_steal_pointer(&snapshot);
  if (!g_str_equal(snapshot->status, "creating")) {
    if (snapshot_check_not_failed(snapshot, error))
      snapshot_refuse_status(snapshot, "restored", error);
    return NULL;
  }
  rpc_call_note(creation->call, "snapshot %s is being taken", snapshot->id);
  g_autoptr(EvsSnapshot) ready = NULL;
  if (!evs_watch_snapshot(creation->controller->watcher, &creation->to_wait, snapshot->id, &ready, error))
    return NULL;
  return g_steal_pointer(&ready);
}

static EvsDisk *read_disk_of(Creation *creation, const EvsSnapshot *snapshot, GError **error)
{
  g_autoptr(GError) local = NULL;
  EvsDisk *disk = evs_disk_get(creation->controller->client, &creation->to_send, snapshot->volume_id, &local);
  if (!disk && evs_error_is(local, EVS_CODE_NOT_FOUND))
    evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "snapshot '%s' cannot be restored: disk '%s', of which it was taken, is gone, and with it zone and "
      "type for the new disk",
      snapshot->id, snapshot->volume_id);
  else if (!disk)
    g_propagate_error(error, g_steal_pointer(&local));
  return disk;
}

static gboolean prepare_restore(Creation *creation, GError **error)
{
  const char *snapshot_id = creation->request->source_id;
  EvsSnapshot *read = get_visible_snapshot(creation->controller, &creation->to_send, snapshot_id, error);
  g_autoptr(EvsSnapshot) snapshot = read ? await_ready(creation, read, error) : NULL;
  g_autoptr(EvsDisk) disk = snapshot ? read_disk_of(creation, snapshot, error) : NULL;
  if (!disk || !adopt_place(creation, disk, snapshot->size_gib, error))
    return FALSE;
  creation->snapshot_id = g_strdup(snapshot_id);
  return TRUE;
}

/* ---- from a volume ---- */

static gboolean prepare_clone(Creation *creation, GError **error)
{
  const CreateRequest *request = creation->request;
  g_autoptr(EvsDisk) disk =
    disk_read(creation->controller->client, &creation->to_send, request->source_id, error);
  if (!disk || !create_snapshot_check_disk(disk, error) ||
      !adopt_place(creation, disk, disk->size_gib, error))
    return FALSE;
  g_autoptr(EvsSnapshot) snapshot =
    clone_snapshot_make(creation->controller, creation->call, disk->id, request->name, error);
  if (!snapshot)
    return FALSE;
  /* The disk may have grown between the look and the snapshot. */
  creation->size_gib = MAX(creation->size_gib, snapshot->size_gib);
  creation->snapshot_id = g_strdup(snapshot->id);
  return TRUE;
}

gboolean volume_source_prepare(Creation *creation, GError **error)
{
  return creation->request->source_kind == SOURCE_VOLUME ? prepare_clone(creation, error)
                                                         : prepare_restore(creation, error);
}
