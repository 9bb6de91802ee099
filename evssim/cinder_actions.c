/* 7.1.10 to 7.1.17: POST volumes/ID/action, told apart by the body's one key. os-attach, os-detach, os-reserve and
 * os-unreserve change what EVS says of the disk and nothing else: no server sees or loses a device. */
#include "base/text.h"
#include "evssim/cinder.h"
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"
#include "evssim/ecs.h"

enum { HOST_NAME_MAX_CHARS = 64, DEVICE_MAX_BYTES = 255 };

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static gboolean refuse_status(Request *request, const Disk *disk)
{
  reply_error(request, 400, "EVS.5400", "Must specify a valid status. the volume is %s", disk->status);
  return FALSE;
}

/* The object of the action's key; an answered EVS.5400 if it is none. */
static const json_t *arguments_of(Request *request, const char *action)
{
  const json_t *arguments = json_object_get(request_json(request), action);
  if (json_is_object(arguments))
    return arguments;
  reply_error(request, 400, "EVS.5400", "Malformed request body. %s must be an object", action);
  return NULL;
}

static void set_status(Request *request, Disk *disk, const char *status)
{
  disk_set_status(disk, status);
  disk_changed(request->sim, disk);
  reply_empty(request, 202);
}

/* ---- expansion ---- */

static void handle_extend(Request *request)
{
  Disk *disk = disk_of_request(request);
  if (!disk)
    return;
  if (*disk_metadata(disk, "orderID")) { /* yearly/monthly ones grow by an order: 6.1.5 */
    (void)refuse(request, "EVS.1014", "volume can not be extended!");
    return;
  }
  if (disk_extend(request, disk))
    reply_empty(request, 202);
}

/* ---- flags ---- */

static gboolean read_flag(Request *request, const char *action, const char *key, gboolean *ret_flag)
{
  const json_t *arguments = arguments_of(request, action), *flag = json_object_get(arguments, key);
  *ret_flag = json_is_true(flag);
  if (!arguments)
    return FALSE;
  if (json_is_boolean(flag))
    return TRUE;
  reply_error(request, 400, flag ? "EVS.1018" : "EVS.5400",
              flag ? "Type conversion error , parameter type is unexpected: %s"
                   : "Malformed request body. %s is mandatory",
              key);
  return FALSE;
}

static void handle_set_bootable(Request *request)
{
  Disk *disk = disk_of_request(request);
  gboolean flag;
  if (!disk || !read_flag(request, "os-set_bootable", "bootable", &flag) ||
      !disk_rule_unlocked(request, disk, FALSE))
    return;
  disk->bootable = flag;
  disk_changed(request->sim, disk);
  reply_empty(request, 200);
}

static void handle_set_readonly(Request *request)
{
  Disk *disk = disk_of_request(request);
  gboolean flag;
  if (!disk || !read_flag(request, "os-update_readonly_flag", "readonly", &flag) ||
      !disk_rule_unlocked(request, disk, FALSE))
    return;
  disk->readonly = flag;
  disk_changed(request->sim, disk);
  reply_empty(request, 202);
}

/* ---- attachments by name only ---- */

typedef struct {
  const char *server_id, *device;
} Attach;

static gboolean read_attach(Request *request, Attach *ret)
{
  const json_t *arguments = arguments_of(request, "os-attach");
  const char *mode = json_string_value(json_object_get(arguments, "mode"));
  const char *host = json_string_value(json_object_get(arguments, "host_name"));
  if (!arguments)
    return FALSE;
  ret->server_id = json_string_value(json_object_get(arguments, "instance_uuid"));
  ret->device = json_string_value(json_object_get(arguments, "mountpoint"));
  if (!ret->server_id || !text_is_uuid(ret->server_id))
    return refuse(request, "EVS.5400", "Malformed request body. instance_uuid must be a UUID");
  if (!ret->device || !*ret->device || strlen(ret->device) > DEVICE_MAX_BYTES)
    return refuse(request, "EVS.5400", "Malformed request body. mountpoint must have 1 to 255 bytes");
  if (mode && !g_str_equal(mode, "rw") && !g_str_equal(mode, "ro"))
    return refuse(request, "EVS.5400", "Malformed request body. mode must be rw or ro");
  return !host || g_utf8_strlen(host, -1) <= HOST_NAME_MAX_CHARS ||
         refuse(request, "EVS.5400", "Malformed request body. host_name has at most 64 characters");
}

/* Reserved: in attaching, but by no server. */
static gboolean is_reserved(const Sim *sim, const Disk *disk)
{
  return g_str_equal(disk->status, DISK_ATTACHING) && ecs_attaching_count(sim, disk) == 0;
}

static gboolean may_attach(Request *request, const Disk *disk, const char *server_id)
{
  gboolean shared = disk->multiattach && g_str_equal(disk->status, DISK_IN_USE) &&
                    disk->attachments->len < SIM_SHARED_SERVERS_MAX && !disk_attachment(disk, server_id);
  if (!shared && !g_str_equal(disk->status, DISK_AVAILABLE) && !is_reserved(request->sim, disk))
    return refuse_status(request, disk);
  return disk_rule_unlocked(request, disk, FALSE);
}

static void handle_attach(Request *request)
{
  Disk *disk = disk_of_request(request);
  Attach attach;
  if (!disk || !read_attach(request, &attach) || !may_attach(request, disk, attach.server_id))
    return;
  g_ptr_array_add(disk->attachments,
                  attachment_new(attach.server_id, attach.device, sim_cloud_us(request->sim)));
  set_status(request, disk, DISK_IN_USE);
}

/* The attachment that is meant; NULL: answered. */
static Attachment *find_attachment(Request *request, const Disk *disk, const char *id)
{
  if (!id && disk->attachments->len == 1)
    return g_ptr_array_index(disk->attachments, 0);
  if (!id) {
    (void)refuse(request, "EVS.5400",
                 "Malformed request body. attachment_id is mandatory: there are several attachments");
    return NULL;
  }
  for (guint i = 0; i < disk->attachments->len; i++) {
    Attachment *attachment = g_ptr_array_index(disk->attachments, i);
    if (g_str_equal(attachment->attachment_id, id))
      return attachment;
  }
  reply_error(request, 404, "EVS.5404", "Attachment %s could not be found.", id);
  return NULL;
}

static void handle_detach(Request *request)
{
  Disk *disk = disk_of_request(request);
  const json_t *arguments = disk ? arguments_of(request, "os-detach") : NULL;
  if (!arguments)
    return;
  if (!g_str_equal(disk->status, DISK_IN_USE) || disk->attachments->len == 0) {
    (void)refuse_status(request, disk);
    return;
  }
  Attachment *attachment =
    find_attachment(request, disk, json_string_value(json_object_get(arguments, "attachment_id")));
  if (!attachment || !disk_rule_unlocked(request, disk, FALSE))
    return;
  g_ptr_array_remove(disk->attachments, attachment);
  set_status(request, disk, disk->attachments->len > 0 ? DISK_IN_USE : DISK_AVAILABLE);
}

static void handle_reserve(Request *request)
{
  Disk *disk = disk_of_request(request);
  if (!disk || !arguments_of(request, "os-reserve"))
    return;
  if (!g_str_equal(disk->status, DISK_AVAILABLE))
    (void)refuse_status(request, disk);
  else if (disk_rule_unlocked(request, disk, FALSE))
    set_status(request, disk, DISK_ATTACHING);
}

static void handle_unreserve(Request *request)
{
  Disk *disk = disk_of_request(request);
  if (!disk || !arguments_of(request, "os-unreserve"))
    return;
  if (is_reserved(request->sim, disk))
    set_status(request, disk, disk->attachments->len > 0 ? DISK_IN_USE : DISK_AVAILABLE);
  else
    (void)refuse_status(request, disk);
}

/* ---- registration ---- */

static void handle_unknown(Request *request)
{
  (void)refuse(request, "EVS.5400",
               request_json(request) ? "Request body and URI mismatch." : "Malformed request body.");
}

#define ACTION "/v2/{project_id}/volumes/{volume_id}/action"

static const Route routes[] = {
  {"7.1.10", SIM_SERVICE_EVS, "POST", ACTION "#os-extend", "evs:volumes:extend evs:volumes:get", ROUTE_AUTH,
   handle_extend},
  {"7.1.11", SIM_SERVICE_EVS, "POST", ACTION "#os-set_bootable", "evs:volumes:update", ROUTE_AUTH,
   handle_set_bootable},
  {"7.1.12", SIM_SERVICE_EVS, "POST", ACTION "#os-update_readonly_flag", "evs:volumes:update", ROUTE_AUTH,
   handle_set_readonly},
  {"7.1.13", SIM_SERVICE_EVS, "POST", ACTION "#" CINDER_UPLOAD, "evs:volumes:uploadImage", ROUTE_AUTH,
   cinder_handle_upload},
  {"7.1.13", SIM_SERVICE_EVS, "POST", ACTION "#" CINDER_UPLOADED, "evs:volumes:uploadImage", ROUTE_AUTH,
   cinder_handle_upload},
  {"7.1.14", SIM_SERVICE_EVS, "POST", ACTION "#os-attach", "evs:volumes:attach evs:volumes:get", ROUTE_AUTH,
   handle_attach},
  {"7.1.15", SIM_SERVICE_EVS, "POST", ACTION "#os-detach", "evs:volumes:detach evs:volumes:get", ROUTE_AUTH,
   handle_detach},
  {"7.1.16", SIM_SERVICE_EVS, "POST", ACTION "#os-reserve", "evs:volumes:attach", ROUTE_AUTH, handle_reserve},
  {"7.1.17", SIM_SERVICE_EVS, "POST", ACTION "#os-unreserve", "evs:volumes:attach", ROUTE_AUTH,
   handle_unreserve},
  {"volumes.action", SIM_SERVICE_EVS, "POST", ACTION, NULL, ROUTE_AUTH, handle_unknown},
};

void cinder_actions_start(Sim *sim)
{
  cinder_upload_start(sim);
  router_add_twins(sim, routes, G_N_ELEMENTS(routes));
}
