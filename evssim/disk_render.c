/* A disk as the custom API shows it. */
#include "evssim/disks.h"

#include "base/clock.h"

json_t *render_time(gint64 wall_us)
{
  time_t seconds = (time_t)(wall_us / G_USEC_PER_SEC);
  struct tm utc;
  gmtime_r(&seconds, &utc);
  g_autofree char *text =
    g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%06d", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                    utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(wall_us % G_USEC_PER_SEC));
  return json_string(text);
}

json_t *disk_render_attachments(const Disk *disk)
{
  json_t *array = json_array();
  for (guint i = 0; i < disk->attachments->len; i++) {
    const Attachment *attachment = g_ptr_array_index(disk->attachments, i);
    json_array_append_new(array,
                          json_pack("{s:s, s:s, s:o, s:s, s:s, s:n, s:s}", "server_id", attachment->server_id,
                                    "attachment_id", attachment->attachment_id, "attached_at",
                                    render_time(attachment->attached_us), "volume_id", disk->id, "device",
                                    attachment->device, "host_name", "id", disk->id));
  }
  return array;
}

static json_t *render_links(const Sim *sim, const Disk *disk)
{
  g_autofree char *self =
    g_strdup_printf("%s/evs/v2/%s/cloudvolumes/%s", sim->base_url, disk->project->id, disk->id);
  g_autofree char *bookmark =
    g_strdup_printf("%s/evs/%s/cloudvolumes/%s", sim->base_url, disk->project->id, disk->id);
  return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark, "rel",
                   "bookmark");
}

void disk_render_rates(const Disk *disk, json_t *json, gboolean with_volume)
{
  const struct {
    const char *key;
    gint64 value;
  } rates[] = {{"iops", disk->iops}, {"throughput", disk->throughput}};
  for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
    if (rates[i].value <= 0)
      continue;
    json_t *rate = json_pack("{s:s, s:I, s:b}", "id", disk->id, "total_val", (json_int_t)rates[i].value,
                             "frozened", g_str_equal(disk->lock, DISK_LOCK_FROZEN));
    if (with_volume)
      json_object_set_new(rate, "volume_id", json_string(disk->id));
    json_object_set_new(json, rates[i].key, rate);
  }
}

json_t *disk_render(const Sim *sim, const Disk *disk)
{
  json_t *json = json_pack(
    "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:b, s:s, s:s, s:b}", "id", disk->id, "name", disk->name,
    "status", disk->status, "description", disk->description, "availability_zone", disk->zone, "volume_type",
    disk->type, "size", (json_int_t)disk->size_gib, "attachments", disk_render_attachments(disk),
    "multiattach", disk->multiattach, "shareable", disk->multiattach ? "true" : "false", "bootable",
    disk->bootable ? "true" : "false", "encrypted", FALSE);
  g_autoptr(json_t) rest = json_pack(
    "{s:O, s:O, s:o, s:o, s:s, s:s, s:s, s:o, s:O, s:s, s:n}", "metadata", disk->metadata, "tags", disk->tags,
    "created_at", render_time(disk->created_us), "updated_at", render_time(disk->updated_us), "wwn",
    disk->wwn, "service_type", disk->service_type, "enterprise_project_id", disk->enterprise_project_id,
    "links", render_links(sim, disk), "volume_image_metadata", disk->image, "os-vol-tenant-attr:tenant_id",
    disk->project->id, "source_volid");
  json_object_update(json, rest);
  json_object_set_new(json, "snapshot_id", *disk->snapshot_id ? json_string(disk->snapshot_id) : json_null());
  if (disk_is_scsi(disk))
    json_object_set_new(json, "serial_number", json_string(disk->wwn));
  disk_render_rates(disk, json, FALSE);
  return json;
}
