#include "evssim/disks.h"

#include "base/clock.h"
#include "base/log.h"
#include "evssim/history.h"
#include "evssim/image.h"
#include "evssim/images.h"
#include "evssim/parts.h"
#include "evssim/snapshots.h"

#include <errno.h>
#include <unistd.h>

const char *const disk_types[] = {"SATA", "SAS", "GPSSD", "SSD", "ESSD", "GPSSD2", "ESSD2", NULL};

const char *const disk_marks[] = {"backups", "backup_policy", "replicated", "temporary", NULL};

static void attachment_free(Attachment *attachment)
{
  g_free(attachment->attachment_id);
  g_free(attachment->server_id);
  g_free(attachment->device);
  g_free(attachment);
}

Attachment *attachment_new(const char *server_id, const char *device, gint64 attached_us)
{
  Attachment *attachment = g_new0(Attachment, 1);
  attachment->attachment_id = g_uuid_string_random();
  attachment->server_id = g_strdup(server_id);
  attachment->device = g_strdup(device);
  attachment->attached_us = attached_us;
  return attachment;
}

Attachment *disk_attachment(const Disk *disk, const char *server_id)
{
  for (guint i = 0; i < disk->attachments->len; i++) {
    Attachment *attachment = g_ptr_array_index(disk->attachments, i);
    if (g_strcmp0(attachment->server_id, server_id) == 0)
      return attachment;
  }
  return NULL;
}

void disk_attachment_remove(Disk *disk, const char *server_id)
{
  Attachment *attachment = disk_attachment(disk, server_id);
  if (attachment)
    g_ptr_array_remove(disk->attachments, attachment);
}

/* 32 hex digits, NAA 6, with the vendor's number in front. */
static char *wwn_random(void)
{
  g_autofree char *uuid = g_uuid_string_random();
  g_auto(GStrv) parts = g_strsplit(uuid, "-", -1);
  g_autofree char *hex = g_strjoinv("", parts);
  return g_strdup_printf("6888603%.25s", hex);
}

Disk *disk_new(Project *project)
{
  Disk *disk = g_new0(Disk, 1);
  disk->id = g_uuid_string_random();
  disk->project = project;
  disk->name = g_strdup("");
  disk->description = g_strdup("");
  disk->status = DISK_CREATING;
  disk->wwn = wwn_random();
  disk->enterprise_project_id = g_strdup("0");
  disk->snapshot_id = g_strdup("");
  disk->lock = "";
  disk->service_type = "EVS";
  disk->metadata = json_object();
  disk->tags = json_object();
  disk->image = json_object();
  disk->attachments = g_ptr_array_new_with_free_func((GDestroyNotify)attachment_free);
  return disk;
}

void disk_free(Disk *disk)
{
  if (!disk)
    return;
  json_decref(disk->metadata);
  json_decref(disk->tags);
  json_decref(disk->image);
  if (disk->record)
    json_decref(disk->record);
  g_ptr_array_unref(disk->attachments);
  g_free(disk->id);
  g_free(disk->name);
  g_free(disk->description);
  g_free(disk->zone);
  g_free(disk->type);
  g_free(disk->wwn);
  g_free(disk->enterprise_project_id);
  g_free(disk->snapshot_id);
  g_free(disk);
}

void disk_set_status(Disk *disk, const char *status)
{
  disk->status = g_intern_string(status);
}

const char *disk_metadata(const Disk *disk, const char *key)
{
  const char *value = json_string_value(json_object_get(disk->metadata, key));
  return value ? value : "";
}

gboolean disk_is_scsi(const Disk *disk)
{
  return g_str_equal(disk_metadata(disk, "hw:passthrough"), "true");
}

gboolean disk_is_system(const Disk *disk)
{
  return json_object_size(disk->image) > 0;
}

gboolean disk_is_settled(const Disk *disk)
{
  return g_str_equal(disk->status, DISK_AVAILABLE) || g_str_equal(disk->status, DISK_IN_USE);
}

gboolean disk_is_visible(const Sim *sim, const Disk *disk)
{
  return !disk->binned_us && disk->visible_us <= sim_virtual_us(sim);
}

/* ---- records ---- */

json_t *disk_to_record(const Disk *disk)
{
  json_t *attachments = json_array();
  for (guint i = 0; i < disk->attachments->len; i++) {
    const Attachment *attachment = g_ptr_array_index(disk->attachments, i);
    json_array_append_new(attachments,
                          json_pack("{s:s, s:s, s:s, s:I}", "attachment_id", attachment->attachment_id,
                                    "server_id", attachment->server_id, "device", attachment->device,
                                    "attached_us", (json_int_t)attachment->attached_us));
  }
  json_t *record = json_pack(
    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:b}", "project", disk->project->id, "name",
    disk->name, "description", disk->description, "status", disk->status, "zone", disk->zone, "type",
    disk->type, "wwn", disk->wwn, "enterprise_project_id", disk->enterprise_project_id, "size_gib",
    (json_int_t)disk->size_gib, "multiattach", disk->multiattach, "bootable", disk->bootable);
  g_autoptr(json_t) rest = json_pack(
    "{s:I, s:I, s:O, s:O, s:o, s:I, s:I, s:I, s:I}", "iops", (json_int_t)disk->iops, "throughput",
    (json_int_t)disk->throughput, "metadata", disk->metadata, "tags", disk->tags, "attachments", attachments,
    "created_us", (json_int_t)disk->created_us, "updated_us", (json_int_t)disk->updated_us, "visible_us",
    (json_int_t)disk->visible_us, "serial", (json_int_t)disk->serial);
  json_object_update(record, rest);
  json_object_set_new(record, "snapshot_id", json_string(disk->snapshot_id));
  json_object_set_new(record, "lock", json_string(disk->lock));
  json_object_set_new(record, "service_type", json_string(disk->service_type));
  json_object_set_new(record, "marks", json_integer(disk->marks));
  json_object_set_new(record, "readonly", json_boolean(disk->readonly));
  json_object_set_new(record, "image", json_deep_copy(disk->image));
  g_autoptr(json_t) bin = json_pack("{s:I, s:I, s:I}", "born_us", (json_int_t)disk->born_us, "binned_us",
                                    (json_int_t)disk->binned_us, "purge_us", (json_int_t)disk->purge_us);
  json_object_update(record, bin);
  /* the record must keep its values when the disk's change */
  json_object_set_new(record, "metadata", json_deep_copy(disk->metadata));
  json_object_set_new(record, "tags", json_deep_copy(disk->tags));
  return record;
}

static void attachments_from_record(Disk *disk, const json_t *array)
{
  gsize index;
  json_t *item;
  json_array_foreach(array, index, item)
  {
    const char *id, *server_id, *device;
    json_int_t attached_us;
    if (json_unpack(item, "{s:s, s:s, s:s, s:I}", "attachment_id", &id, "server_id", &server_id, "device",
                    &device, "attached_us", &attached_us) != 0)
      continue;
    Attachment *attachment = attachment_new(server_id, device, attached_us);
    g_free(attachment->attachment_id);
    attachment->attachment_id = g_strdup(id);
    g_ptr_array_add(disk->attachments, attachment);
  }
}

/* The strings, in the order of their keys. */
static void strings_from_record(Disk *disk, const json_t *record)
{
  const struct {
    const char *key;
    char **target;
  } strings[] = {{"name", &disk->name},
                 {"description", &disk->description},
                 {"zone", &disk->zone},
                 {"type", &disk->type},
                 {"wwn", &disk->wwn},
                 {"enterprise_project_id", &disk->enterprise_project_id},
                 {"snapshot_id", &disk->snapshot_id}};
  for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
    const char *text = json_string_value(json_object_get(record, strings[i].key));
    g_free(*strings[i].target);
    *strings[i].target = g_strdup(text ? text : "");
  }
}

Disk *disk_from_record(const Sim *sim, const char *id, const json_t *record)
{
  Project *project = sim_project(sim, json_string_value(json_object_get(record, "project")));
  const char *status;
  json_t *metadata, *tags, *attachments;
  json_int_t size, iops, throughput, created, updated, visible, serial;
  int multiattach, bootable;
  if (!project ||
      json_unpack((json_t *)record, "{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}",
                  "status", &status, "metadata", &metadata, "tags", &tags, "attachments", &attachments,
                  "size_gib", &size, "iops", &iops, "throughput", &throughput, "created_us", &created,
                  "updated_us", &updated, "visible_us", &visible, "serial", &serial, "multiattach",
                  &multiattach, "bootable", &bootable) != 0)
    return NULL;
  Disk *disk = disk_new(project);
  g_free(disk->id);
  disk->id = g_strdup(id);
  strings_from_record(disk, record);
  const char *lock = json_string_value(json_object_get(record, "lock"));
  disk->lock = g_intern_string(lock ? lock : "");
  const char *service_type = json_string_value(json_object_get(record, "service_type"));
  disk->service_type = g_intern_string(service_type ? service_type : "EVS");
  disk->marks = (guint)json_integer_value(json_object_get(record, "marks"));
  json_object_update(disk->image, json_object_get(record, "image")); /* absent: nothing happens */
  disk->readonly = json_is_true(json_object_get(record, "readonly"));
  disk->born_us = json_integer_value(json_object_get(record, "born_us"));
  disk->binned_us = json_integer_value(json_object_get(record, "binned_us"));
  disk->purge_us = json_integer_value(json_object_get(record, "purge_us"));
  disk_set_status(disk, status);
  json_object_update(disk->metadata, metadata);
  json_object_update(disk->tags, tags);
  attachments_from_record(disk, attachments);
  disk->size_gib = size;
  disk->iops = iops;
  disk->throughput = throughput;
  disk->created_us = created;
  disk->updated_us = updated;
  disk->visible_us = visible;
  disk->serial = (guint64)serial;
  disk->multiattach = multiattach;
  disk->bootable = bootable;
  return disk;
}

void disk_changed(Sim *sim, Disk *disk)
{
  disk->updated_us = sim_cloud_us(sim);
  json_t *record = disk_to_record(disk);
  history_add(sim, HISTORY_DISK, disk->id, disk->record);
  if (disk->record)
    json_decref(disk->record);
  disk->record = json_incref(record);
  state_put(sim, "disk", disk->id, record);
}

static void disk_load(Sim *sim, const char *id, json_t *record)
{
  Disk *disk = disk_from_record(sim, id, record);
  if (!disk) {
    log_warn("disk of the journal left out: its project is not in the accounts", LOG_TEXT("volume", id));
    return;
  }
  disk->record = json_incref(record);
  sim->next_serial = MAX(sim->next_serial, disk->serial + 1);
  g_hash_table_insert(sim->disks, disk->id, disk);
}

void disks_register(Sim *sim)
{
  state_register(sim, "disk", disk_load);
}

/* ---- the file ---- */

char *disk_file(const Sim *sim, const Disk *disk)
{
  g_autofree char *name = g_strconcat(disk->id, ".img", NULL);
  return g_build_filename(sim->state_dir, "disks", name, NULL);
}

static gboolean is_known(const char *id, gpointer sim)
{
  return sim_disk(sim, id) != NULL;
}

void disks_sweep_files(Sim *sim)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "disks", NULL);
  image_sweep(directory, is_known, sim);
}

static gboolean file_create(const Sim *sim, const Disk *disk, GError **error)
{
  const Snapshot *source = sim_snapshot(sim, disk->snapshot_id);
  const Image *image = sim_image(sim, json_string_value(json_object_get(disk->image, "image_id")));
  g_autofree char *path = disk_file(sim, disk), *from = source  ? snapshot_file(sim, source)
                                                        : image ? image_file(sim, image)
                                                                : NULL;
  return from ? image_copy(from, path, disk->size_gib << 30, error)
              : image_create(path, disk->size_gib << 30, error);
}

gboolean disk_insert(Sim *sim, Disk *disk, GError **error)
{
  if (!file_create(sim, disk, error)) {
    disk_free(disk);
    return FALSE;
  }
  disk->serial = sim->next_serial++;
  disk->created_us = sim_cloud_us(sim);
  disk->born_us = sim_virtual_us(sim);
  g_hash_table_insert(sim->disks, disk->id, disk);
  disk_changed(sim, disk);
  return TRUE;
}

void disk_remove(Sim *sim, Disk *disk)
{
  g_autofree char *path = disk_file(sim, disk);
  device_disk_gone(sim, disk);
  if (unlink(path) != 0 && errno != ENOENT)
    log_warn("cannot remove a disk's file", LOG_TEXT("path", path), LOG_TEXT("cause", g_strerror(errno)));
  snapshots_remove_of(sim, disk->id);
  history_add(sim, HISTORY_DISK, disk->id, disk->record);
  state_remove(sim, "disk", disk->id);
  g_hash_table_remove(sim->disks, disk->id);
}

/* ---- quotas ---- */

void disk_usage(const Sim *sim, const Project *project, const char *type, gint64 *ret_count, gint64 *ret_gib)
{
  GHashTableIter iter;
  gpointer value;
  *ret_count = *ret_gib = 0;
  g_hash_table_iter_init(&iter, sim->disks);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Disk *disk = value;
    if (disk->project != project || (type && !g_str_equal(type, disk->type)))
      continue;
    ++*ret_count;
    *ret_gib += disk->size_gib;
  }
}

gint64 project_quota(const Project *project, const char *kind)
{
  const gint64 *limit = g_hash_table_lookup(project->quota, kind);
  return limit ? *limit : -1;
}
