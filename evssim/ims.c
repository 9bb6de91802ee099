/* The image service, as far as clients of EVS come across it: its versions, the private images, one of them, its end. */
#include "evssim/images.h"

static json_t *render(const Image *image)
{
  g_autofree char *self = g_strconcat("/v2/images/", image->id, NULL);
  json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", image->id, "name", image->name,
                           "status", image->status, "visibility", "private", "owner", image->project->id,
                           "self", self, "schema", "/v2/schemas/image");
  g_autoptr(json_t) rest =
    json_pack("{s:s, s:s, s:s, s:I, s:i, s:b, s:[], s:o, s:o}", "disk_format", image->disk_format,
              "container_format", image->container_format, "__os_type", image->os_type, "min_disk",
              (json_int_t)image->size_gib, "min_ram", 0, "protected", FALSE, "tags", "created_at",
              render_time(image->created_us), "updated_at", render_time(image->updated_us));
  json_object_update(json, rest);
  return json;
}

static void handle_versions(Request *request)
{
  g_autofree char *href = g_strconcat(request->sim->base_url, "/ims/v2/", NULL);
  reply_json(request, 300,
             json_pack("{s:[{s:s, s:s, s:[{s:s, s:s}]}]}", "versions", "id", "v2.0", "status", "CURRENT",
                       "links", "rel", "self", "href", href));
}

/* The token's project, since the path has none. */
static gboolean is_callers(const Request *request, const Image *image)
{
  return image->project->account == request->principal.account &&
         (!request->principal.project || request->principal.project == image->project);
}

static int newest_first(gconstpointer a, gconstpointer b)
{
  const Image *one = *(Image *const *)a, *two = *(Image *const *)b;
  return one->serial > two->serial ? -1 : one->serial < two->serial;
}

static void handle_list(Request *request)
{
  const char *name = request_query(request, "name"), *status = request_query(request, "status");
  g_autoptr(GPtrArray) all = sim_values(request->sim->images);
  json_t *images = json_array();
  g_ptr_array_sort(all, newest_first);
  for (guint i = 0; i < all->len; i++) {
    const Image *image = g_ptr_array_index(all, i);
    if (is_callers(request, image) && (!name || g_str_equal(name, image->name)) &&
        (!status || g_str_equal(status, image->status)))
      json_array_append_new(images, render(image));
  }
  reply_json(
    request, 200,
    json_pack("{s:o, s:s, s:s}", "images", images, "first", "/v2/images", "schema", "/v2/schemas/images"));
}

static Image *find_image(Request *request)
{
  Image *image = sim_image(request->sim, request_path(request, "image_id"));
  if (image && is_callers(request, image))
    return image;
  reply_error(request, 404, "IMG.0027", "The image does not exist.");
  return NULL;
}

static void handle_get(Request *request)
{
  const Image *image = find_image(request);
  if (image)
    reply_json(request, 200, render(image));
}

static void handle_delete(Request *request)
{
  Image *image = find_image(request);
  if (!image)
    return;
  image_remove(request->sim, image);
  reply_empty(request, 204);
}

static const Route routes[] = {
  {"ims.versions", SIM_SERVICE_IMS, "GET", "/", NULL, ROUTE_NO_AUTH, handle_versions},
  {"ims.images", SIM_SERVICE_IMS, "GET", "/v2/images", "ims:images:list", ROUTE_AUTH, handle_list},
  {"ims.image", SIM_SERVICE_IMS, "GET", "/v2/images/{image_id}", "ims:images:get", ROUTE_AUTH, handle_get},
  {"ims.delete", SIM_SERVICE_IMS, "DELETE", "/v2/images/{image_id}", "ims:images:delete", ROUTE_AUTH,
   handle_delete},
};

void ims_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
