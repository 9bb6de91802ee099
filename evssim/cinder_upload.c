/* 7.1.13: a disk's bytes become an image. The bytes are those of the moment of the request; the time it takes is spent in
 * uploading, then the disk is what it was. */
#include "base/log.h"
#include "evssim/cinder.h"
#include "evssim/disk_rules.h"
#include "evssim/images.h"
#include "evssim/parts.h"
#include "evssim/request.h"

enum {
  NAME_MAX_CHARS = 128,
  SIZE_MAX_GIB = 1024,
};

#define JOB_UPLOAD "uploadImage"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static gboolean is_image_name(const char *name)
{
  gsize length = strlen(name);
  for (const char *c = name; *c; c++)
    if (!g_ascii_isalnum(*c) && !strchr("-._ ", *c))
      return FALSE;
  return length >= 1 && length <= NAME_MAX_CHARS;
}

/* One of the choices, the first if it is absent or null. */
static gboolean read_choice(Request *request, const json_t *arguments, const char *key,
                            const char *const *choices, const char **ret_text)
{
  const json_t *value = json_object_get(arguments, key);
  *ret_text = value && !json_is_null(value) ? json_string_value(value) : choices[0];
  if (*ret_text && g_strv_contains(choices, *ret_text))
    return TRUE;
  g_autofree char *accepted = g_strjoinv(", ", (char **)choices);
  reply_error(request, 400, "EVS.5400", "Malformed request body. %s must be one of %s", key, accepted);
  return FALSE;
}

static gboolean read_options(Request *request, const json_t *arguments, ImageOptions *ret)
{
  static const char *const containers[] = {"bare", "ami", "ari", "aki", "ovf", NULL};
  static const char *const formats[] = {"vhd", "zvhd", "zvhd2", "raw", "qcow2", NULL};
  static const char *const systems[] = {"linux", "windows", NULL};
  ret->name = json_string_value(json_object_get(arguments, "image_name"));
  if (!ret->name || !is_image_name(ret->name))
    return refuse(request, "EVS.5400",
                  "Malformed request body. image_name must be 1 to 128 letters, digits, '-', '.', '_', ' '");
  return read_choice(request, arguments, "container_format", containers, &ret->container_format) &&
         read_choice(request, arguments, "disk_format", formats, &ret->disk_format) &&
         read_choice(request, arguments, "__os_type", systems, &ret->os_type);
}

static gboolean may_export(Request *request, const Disk *disk, const json_t *force)
{
  if (force && !json_is_boolean(force) && !json_is_null(force))
    return refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: force");
  if (disk->size_gib > SIZE_MAX_GIB && !request_is_v3(request)) /* the twin has no limit (evs-facts 15) */
    return refuse(request, "EVS.5400",
                  "Malformed request body. a volume of at most 1024 GiB can be exported");
  if (!g_str_equal(disk->status, DISK_AVAILABLE) &&
      !(json_is_true(force) && g_str_equal(disk->status, DISK_IN_USE))) {
    reply_error(request, 400, "EVS.5400", "Must specify a valid status. the volume is %s", disk->status);
    return FALSE;
  }
  return disk_rule_unlocked(request, disk, FALSE);
}

static json_t *render(const Request *request, const Disk *disk, const Image *image)
{
  return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o}", "status", disk->status, "size",
                   (json_int_t)disk->size_gib, "id", disk->id, "image_id", image->id, "image_name",
                   image->name, "volume_type", disk_type_render(request->sim, disk->type), "container_format",
                   image->container_format, "disk_format", image->disk_format, "display_description",
                   disk->description, "updated_at", render_time(disk->updated_us));
}

static void upload(Request *request, Disk *disk, const ImageOptions *options)
{
  g_autofree char *id = g_uuid_string_random();
  g_autoptr(GError) error = NULL;
  Job *job = job_start(request, JOB_UPLOAD, disk->id, NULL);
  job->note = g_strdup(id);
  job_changed(request->sim, job);
  const Image *image = image_export(request->sim, disk, id, options, &error);
  if (!image) {
    log_error("cannot make an image", LOG_TEXT("cause", error->message));
    reply_error(request, 500, "EVS.2002", "internal error!");
    return;
  }
  disk_set_status(disk, DISK_UPLOADING);
  disk_changed(request->sim, disk);
  reply_json(request, 202, json_pack("{s:o}", CINDER_UPLOAD, render(request, disk, image)));
}

void cinder_handle_upload(Request *request)
{
  Disk *disk = disk_of_request(request);
  const json_t *body = request_json(request);
  const json_t *arguments = json_object_get(body, CINDER_UPLOAD);
  ImageOptions options;
  if (!arguments)
    arguments = json_object_get(body, CINDER_UPLOADED);
  if (!disk || !read_options(request, arguments, &options) ||
      !may_export(request, disk, json_object_get(arguments, "force")))
    return;
  const char *known = json_string_value(json_object_get(disk->image, "__os_type"));
  if (known)
    options.os_type = known;
  upload(request, disk, &options);
}

static void finish_upload(Sim *sim, Job *job, gboolean failed)
{
  Image *image = sim_image(sim, job->note);
  Disk *disk = sim_disk(sim, job->volume_id);
  if (image)
    image_set_status(sim, image, failed ? IMAGE_KILLED : IMAGE_ACTIVE);
  if (!disk || !g_str_equal(disk->status, DISK_UPLOADING)) /* killed before the disk's record was written */
    return;
  disk_set_status(disk, disk->attachments->len > 0 ? DISK_IN_USE : DISK_AVAILABLE);
  disk_changed(sim, disk);
}

static const JobType upload_job = {
  .type = JOB_UPLOAD, .service = SIM_SERVICE_EVS, .oracle = "upload", .finish = finish_upload};

void cinder_upload_start(Sim *sim)
{
  job_type_register(sim, &upload_job);
}
