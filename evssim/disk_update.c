/* 6.1.2: rename and describe a disk; and the short shapes of disks that the custom API has. */
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"
#include "evssim/request.h"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

json_t *disk_render_only(const Sim *sim, const Disk *disk, const char *const *keys)
{
  g_autoptr(json_t) whole = disk_render(sim, disk);
  json_t *json = json_object();
  for (; *keys; keys++)
    json_object_set(json, *keys, json_object_get(whole, *keys));
  return json;
}

/* NULL for absent and null. */
static gboolean read_text(Request *request, const char *key, const char **ret_text)
{
  const json_t *value = json_object_get(json_object_get(request_json(request), "volume"), key);
  *ret_text = json_string_value(value);
  if (!value || json_is_null(value) || json_is_string(value))
    return TRUE;
  return refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: volume");
}

static gboolean read_update(Request *request, const char **ret_name, const char **ret_description)
{
  if (!json_is_object(json_object_get(request_json(request), "volume")))
    return refuse(request, "EVS.1001", "null volume!");
  if (!read_text(request, "name", ret_name) || !read_text(request, "description", ret_description))
    return FALSE;
  if (!*ret_name && !*ret_description)
    return refuse(request, "EVS.1007", "volume name and description can not both be empty!");
  return disk_rule_names(request, *ret_name, DISK_NAME_MAX_CHARS, *ret_description);
}

static void replace(char **target, const char *text)
{
  if (!text)
    return;
  g_free(*target);
  *target = g_strdup(text);
}

/* The answer is the disk itself, not below "volume", and without what came to the API later. */
static void handle_update(Request *request)
{
  static const char *const keys[] = {
    "id",          "links",       "name",        "status",      "attachments",
    "description", "multiattach", "shareable",   "size",        "metadata",
    "bootable",    "created_at",  "volume_type", "snapshot_id", "availability_zone",
    NULL};
  Disk *disk = disk_of_request(request);
  const char *name, *description;
  if (!disk || !read_update(request, &name, &description) || !disk_rule_thawed(request, disk))
    return;
  replace(&disk->name, name);
  replace(&disk->description, description);
  disk_changed(request->sim, disk);
  reply_json(request, 200, disk_render_only(request->sim, disk, keys));
}

static const Route routes[] = {
  {"6.1.2", SIM_SERVICE_EVS, "PUT", "/v2/{project_id}/cloudvolumes/{volume_id}", "evs:volumes:update",
   ROUTE_AUTH, handle_update},
};

void disk_update_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
