/* Disks as the Cinder face shows them (evs-facts 2): no wwn, no tags, nothing of the enterprise project; what there is not
 * is null. */
#include "evssim/cinder.h"

static json_t *render_links(const Request *request, const Disk *disk)
{
  const char *base = request->sim->base_url, *project = disk->project->id;
  g_autofree char *self =
    g_strdup_printf("%s/evs/%s/%s/volumes/%s", base, request_is_v3(request) ? "v3" : "v2", project, disk->id);
  g_autofree char *bookmark = g_strdup_printf("%s/evs/%s/volumes/%s", base, project, disk->id);
  return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark, "rel",
                   "bookmark");
}

static json_t *text_or_null(const char *text)
{
  return *text ? json_string(text) : json_null();
}

/* What both long shapes have. */
static json_t *render_common(const Request *request, const Disk *disk)
{
  json_t *json = json_pack("{s:s, s:o, s:s, s:s, s:o, s:s, s:s, s:b, s:s, s:s, s:I}", "id", disk->id, "links",
                           render_links(request, disk), "name", disk->name, "status", disk->status,
                           "attachments", disk_render_attachments(disk), "availability_zone", disk->zone,
                           "bootable", disk->bootable ? "true" : "false", "encrypted", FALSE, "description",
                           disk->description, "volume_type", disk->type, "size", (json_int_t)disk->size_gib);
  g_autoptr(json_t) rest = json_pack(
    "{s:s, s:n, s:n, s:o, s:O, s:n, s:o, s:o, s:b, s:b}", "replication_status", "disabled",
    "consistencygroup_id", "source_volid", "snapshot_id", text_or_null(disk->snapshot_id), "metadata",
    disk->metadata, "user_id", "created_at", render_time(disk->created_us), "updated_at",
    render_time(disk->updated_us), "shareable", disk->multiattach, "multiattach", disk->multiattach);
  json_object_update(json, rest);
  return json;
}

json_t *cinder_render_summary(const Request *request, const Disk *disk)
{
  json_t *json = render_common(request, disk);
  json_object_set_new(json, "storage_cluster_id", json_null());
  return json;
}

json_t *cinder_render_detail(const Request *request, const Disk *disk)
{
  json_t *json = render_common(request, disk);
  g_autofree char *host = g_strdup_printf("%s#%s", disk->zone, disk->type);
  g_autoptr(json_t) rest =
    json_pack("{s:s, s:s, s:n, s:n, s:n}", "os-vol-tenant-attr:tenant_id", disk->project->id,
              "os-vol-host-attr:host", host, "os-vol-mig-status-attr:migstat",
              "os-vol-mig-status-attr:name_id", "os-volume-replication:extended_status");
  json_object_update(json, rest);
  json_object_set_new(json, "volume_image_metadata",
                      disk_is_system(disk) ? json_incref(disk->image) : json_null());
  disk_render_rates(disk, json, TRUE);
  return json;
}

json_t *cinder_render_short(const Request *request, const Disk *disk)
{
  return json_pack("{s:s, s:o, s:s}", "id", disk->id, "links", render_links(request, disk), "name",
                   disk->name);
}
