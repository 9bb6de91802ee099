#include "evssim/images.h"

#include "base/log.h"
#include "evssim/image.h"

#include <errno.h>
#include <unistd.h>

static void image_free(Image *image)
{
  g_free(image->id);
  g_free(image->name);
  g_free(image->volume_id);
  g_free(image->disk_format);
  g_free(image->container_format);
  g_free(image->os_type);
  g_free(image);
}

Image *sim_image(const Sim *sim, const char *id)
{
  return id ? g_hash_table_lookup(sim->images, id) : NULL;
}

/* ---- journal ---- */

static void image_changed(Sim *sim, Image *image)
{
  image->updated_us = sim_cloud_us(sim);
  json_t *record =
    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "project", image->project->id, "name", image->name,
              "volume_id", image->volume_id, "disk_format", image->disk_format, "container_format",
              image->container_format, "os_type", image->os_type, "status", image->status);
  g_autoptr(json_t) rest =
    json_pack("{s:I, s:b, s:I, s:I, s:I}", "size_gib", (json_int_t)image->size_gib, "system",
              image->of_system, "created_us", (json_int_t)image->created_us, "updated_us",
              (json_int_t)image->updated_us, "serial", (json_int_t)image->serial);
  json_object_update(record, rest);
  state_put(sim, "image", image->id, record);
}

static void image_load(Sim *sim, const char *id, json_t *record)
{
  const char *name, *volume_id, *disk_format, *container_format, *os_type, *status;
  json_int_t size, created, updated, serial;
  int of_system;
  Project *project = sim_project(sim, json_string_value(json_object_get(record, "project")));
  if (!project ||
      json_unpack(record, "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:I, s:I}", "name", &name,
                  "volume_id", &volume_id, "disk_format", &disk_format, "container_format", &container_format,
                  "os_type", &os_type, "status", &status, "size_gib", &size, "system", &of_system,
                  "created_us", &created, "updated_us", &updated, "serial", &serial) != 0) {
    log_warn("image of the journal left out: its project is not in the accounts", LOG_TEXT("image", id));
    return;
  }
  Image *image = g_new0(Image, 1);
  *image = (Image){.id = g_strdup(id),
                   .project = project,
                   .name = g_strdup(name),
                   .volume_id = g_strdup(volume_id),
                   .disk_format = g_strdup(disk_format),
                   .container_format = g_strdup(container_format),
                   .os_type = g_strdup(os_type),
                   .status = g_intern_string(status),
                   .size_gib = size,
                   .of_system = of_system,
                   .created_us = created,
                   .updated_us = updated,
                   .serial = (guint64)serial};
  sim->next_serial = MAX(sim->next_serial, image->serial + 1);
  g_hash_table_insert(sim->images, image->id, image);
}

/* ---- life ---- */

char *image_file(const Sim *sim, const Image *image)
{
  g_autofree char *name = g_strconcat(image->id, ".img", NULL);
  return g_build_filename(sim->state_dir, "images", name, NULL);
}

const Image *image_export(Sim *sim, const Disk *disk, const char *id, const ImageOptions *options,
                          GError **error)
{
  Image *image = g_new0(Image, 1);
  *image = (Image){.id = g_strdup(id),
                   .project = disk->project,
                   .name = g_strdup(options->name),
                   .volume_id = g_strdup(disk->id),
                   .disk_format = g_strdup(options->disk_format),
                   .container_format = g_strdup(options->container_format),
                   .os_type = g_strdup(options->os_type),
                   .status = IMAGE_SAVING,
                   .size_gib = disk->size_gib,
                   .of_system = disk->bootable,
                   .created_us = sim_cloud_us(sim),
                   .serial = sim->next_serial++};
  g_autofree char *from = disk_file(sim, disk), *to = image_file(sim, image);
  if (!image_copy(from, to, disk->size_gib << 30, error)) {
    image_free(image);
    return NULL;
  }
  g_hash_table_insert(sim->images, image->id, image);
  image_changed(sim, image);
  return image;
}

void image_set_status(Sim *sim, Image *image, const char *status)
{
  image->status = status;
  image_changed(sim, image);
}

void image_remove(Sim *sim, Image *image)
{
  g_autofree char *path = image_file(sim, image);
  if (unlink(path) != 0 && errno != ENOENT)
    log_warn("cannot remove an image's file", LOG_TEXT("path", path), LOG_TEXT("cause", g_strerror(errno)));
  state_remove(sim, "image", image->id);
  g_hash_table_remove(sim->images, image->id);
}

json_t *image_marks(const Image *image)
{
  g_autofree char *min_disk = g_strdup_printf("%" G_GINT64_FORMAT, image->size_gib);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "image_id", image->id, "image_name",
                   image->name, "disk_format", image->disk_format, "container_format",
                   image->container_format, "__os_type", image->os_type, "min_disk", min_disk, "min_ram", "0",
                   "__imagetype", "private");
}

json_t *images_state(const Sim *sim)
{
  json_t *rows = json_array();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sim->images);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Image *image = value;
    g_autofree char *file = image_file(sim, image);
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", image->id, "name",
                                          image->name, "account", image->project->account->name, "status",
                                          image->status, "volume_id", image->volume_id, "file", file));
  }
  return rows;
}

/* ---- start ---- */

static gboolean is_known(const char *id, gpointer sim)
{
  return sim_image(sim, id) != NULL;
}

void images_sweep_files(Sim *sim)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "images", NULL);
  image_sweep(directory, is_known, sim);
}

void images_start(Sim *sim)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "images", NULL);
  (void)g_mkdir_with_parents(directory, 0755); /* if it fails, so does the first image, and says why */
  sim->images = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)image_free);
  state_register(sim, "image", image_load);
  ims_start(sim);
}

void images_stop(Sim *sim)
{
  g_clear_pointer(&sim->images, g_hash_table_unref);
}
