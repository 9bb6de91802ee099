#include "evssim/snapshots.h"

#include "base/log.h"
#include "evssim/history.h"
#include "evssim/image.h"
#include "evssim/parts.h"

#include <errno.h>
#include <unistd.h>

static Snapshot *snapshot_new(Project *project, const char *id)
{
  Snapshot *snapshot = g_new0(Snapshot, 1);
  snapshot->id = g_strdup(id);
  snapshot->project = project;
  return snapshot;
}

void snapshot_free(Snapshot *snapshot)
{
  if (!snapshot)
    return;
  json_decref(snapshot->metadata);
  json_decref(snapshot->inherited);
  json_decref(snapshot->standard);
  json_decref(snapshot->record);
  g_free(snapshot->id);
  g_free(snapshot->volume_id);
  g_free(snapshot->name);
  g_free(snapshot->description);
  g_free(snapshot->zone);
  g_free(snapshot->type);
  g_free(snapshot->enterprise_project_id);
  g_free(snapshot);
}

Snapshot *sim_snapshot(const Sim *sim, const char *id)
{
  return id ? g_hash_table_lookup(sim->snapshots, id) : NULL;
}

/* ---- journal ---- */

static json_t *snapshot_to_record(const Snapshot *snapshot)
{
  json_t *record =
    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "project", snapshot->project->id, "volume_id",
              snapshot->volume_id, "name", snapshot->name, "description", snapshot->description, "status",
              snapshot->status, "zone", snapshot->zone, "type", snapshot->type, "enterprise_project_id",
              snapshot->enterprise_project_id);
  g_autoptr(json_t) rest =
    json_pack("{s:I, s:o, s:o, s:I, s:I, s:I}", "size_gib", (json_int_t)snapshot->size_gib, "metadata",
              json_deep_copy(snapshot->metadata), "inherited", json_deep_copy(snapshot->inherited),
              "created_us", (json_int_t)snapshot->created_us, "updated_us", (json_int_t)snapshot->updated_us,
              "serial", (json_int_t)snapshot->serial);
  json_object_update(record, rest);
  if (snapshot->standard)
    json_object_set_new(record, "standard", json_deep_copy(snapshot->standard));
  return record;
}

static Snapshot *snapshot_from_record(const Sim *sim, const char *id, json_t *record)
{
  const char *volume_id, *name, *description, *status, *zone, *type, *enterprise_project_id;
  json_int_t size, created, updated, serial;
  json_t *metadata, *inherited;
  Project *project = sim_project(sim, json_string_value(json_object_get(record, "project")));
  if (!project ||
      json_unpack(record, "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "volume_id",
                  &volume_id, "name", &name, "description", &description, "status", &status, "zone", &zone,
                  "type", &type, "enterprise_project_id", &enterprise_project_id, "size_gib", &size,
                  "created_us", &created, "updated_us", &updated, "serial", &serial, "metadata", &metadata,
                  "inherited", &inherited) != 0)
    return NULL;
  Snapshot *snapshot = snapshot_new(project, id);
  snapshot->volume_id = g_strdup(volume_id);
  snapshot->name = g_strdup(name);
  snapshot->description = g_strdup(description);
  snapshot->status = g_intern_string(status);
  snapshot->zone = g_strdup(zone);
  snapshot->type = g_strdup(type);
  snapshot->enterprise_project_id = g_strdup(enterprise_project_id);
  snapshot->size_gib = size;
  snapshot->metadata = json_deep_copy(metadata);
  snapshot->inherited = json_deep_copy(inherited);
  snapshot->standard = json_deep_copy(json_object_get(record, "standard")); /* NULL stays NULL */
  snapshot->created_us = created;
  snapshot->updated_us = updated;
  snapshot->serial = (guint64)serial;
  return snapshot;
}

void snapshot_changed(Sim *sim, Snapshot *snapshot)
{
  snapshot->updated_us = sim_cloud_us(sim);
  json_t *record = snapshot_to_record(snapshot);
  history_add(sim, HISTORY_SNAPSHOT, snapshot->id, snapshot->record);
  json_decref(snapshot->record);
  snapshot->record = json_incref(record);
  state_put(sim, "snapshot", snapshot->id, record);
}

void snapshot_set_status(Sim *sim, Snapshot *snapshot, const char *status)
{
  snapshot->status = g_intern_string(status);
  snapshot_changed(sim, snapshot);
}

static void snapshot_load(Sim *sim, const char *id, json_t *record)
{
  Snapshot *snapshot = snapshot_from_record(sim, id, record);
  if (!snapshot) {
    log_warn("snapshot of the journal left out: its project is not in the accounts",
             LOG_TEXT("snapshot", id));
    return;
  }
  snapshot->record = json_incref(record);
  sim->next_serial = MAX(sim->next_serial, snapshot->serial + 1);
  g_hash_table_insert(sim->snapshots, snapshot->id, snapshot);
}

/* ---- life ---- */

char *snapshot_file(const Sim *sim, const Snapshot *snapshot)
{
  g_autofree char *name = g_strconcat(snapshot->id, ".img", NULL);
  return g_build_filename(sim->state_dir, "snapshots", name, NULL);
}

/* What a disk made of the snapshot takes over whether it wants to or not. */
static json_t *inherited_of(const Disk *disk)
{
  static const char *const keys[] = {"hw:passthrough", "__system__encrypted", "__system__cmkid"};
  json_t *inherited = json_object();
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    if (json_object_get(disk->metadata, keys[i]))
      json_object_set(inherited, keys[i], json_object_get(disk->metadata, keys[i]));
  return inherited;
}

Snapshot *snapshot_take_standard(Sim *sim, const Disk *disk, const char *id, const char *name,
                                 const char *description, json_t *metadata, json_t *standard, GError **error)
{
  g_autoptr(Snapshot) snapshot = snapshot_new(disk->project, id);
  g_autofree char *from = disk_file(sim, disk), *to = snapshot_file(sim, snapshot);
  snapshot->volume_id = g_strdup(disk->id);
  snapshot->name = g_strdup(name);
  snapshot->description = g_strdup(description);
  snapshot->status = DISK_CREATING;
  snapshot->zone = g_strdup(disk->zone);
  snapshot->type = g_strdup(disk->type);
  snapshot->enterprise_project_id = g_strdup(disk->enterprise_project_id);
  snapshot->size_gib = disk->size_gib;
  snapshot->metadata = metadata ? json_deep_copy(metadata) : json_object();
  snapshot->inherited = inherited_of(disk);
  snapshot->standard = standard ? json_incref(standard) : NULL;
  snapshot->created_us = sim_cloud_us(sim);
  snapshot->serial = sim->next_serial++;
  if (!image_copy(from, to, disk->size_gib << 30, error))
    return NULL;
  g_hash_table_insert(sim->snapshots, snapshot->id, snapshot);
  snapshot_changed(sim, snapshot);
  return g_steal_pointer(&snapshot);
}

Snapshot *snapshot_take(Sim *sim, const Disk *disk, const char *id, const char *name, const char *description,
                        json_t *metadata, GError **error)
{
  return snapshot_take_standard(sim, disk, id, name, description, metadata, NULL, error);
}

void snapshot_remove(Sim *sim, Snapshot *snapshot)
{
  g_autofree char *path = snapshot_file(sim, snapshot);
  if (unlink(path) != 0 && errno != ENOENT)
    log_warn("cannot remove a snapshot's file", LOG_TEXT("path", path), LOG_TEXT("cause", g_strerror(errno)));
  history_add(sim, HISTORY_SNAPSHOT, snapshot->id, snapshot->record);
  state_remove(sim, "snapshot", snapshot->id);
  g_hash_table_remove(sim->snapshots, snapshot->id);
}

void snapshots_remove_of(Sim *sim, const char *volume_id)
{
  g_autoptr(GPtrArray) all = sim_values(sim->snapshots);
  for (guint i = 0; i < all->len; i++) {
    Snapshot *snapshot = g_ptr_array_index(all, i);
    if (g_str_equal(snapshot->volume_id, volume_id))
      snapshot_remove(sim, snapshot);
  }
}

gint64 snapshots_count(const Sim *sim, const Project *project, const char *type, const char *volume_id)
{
  GHashTableIter iter;
  gpointer value;
  gint64 count = 0;
  g_hash_table_iter_init(&iter, sim->snapshots);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Snapshot *snapshot = value;
    count += (!project || snapshot->project == project) && (!type || g_str_equal(type, snapshot->type)) &&
             (!volume_id || g_str_equal(volume_id, snapshot->volume_id));
  }
  return count;
}

gint64 snapshots_count_standard(const Sim *sim, const char *volume_id, const char *flag, const char *status)
{
  GHashTableIter iter;
  gpointer value;
  gint64 count = 0;
  g_hash_table_iter_init(&iter, sim->snapshots);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Snapshot *snapshot = value;
    count += snapshot->standard && g_str_equal(volume_id, snapshot->volume_id) &&
             (!flag || json_is_true(json_object_get(snapshot->standard, flag))) &&
             (!status || g_str_equal(status, snapshot->status));
  }
  return count;
}

/* ---- views ---- */

SnapshotView *snapshot_view_new(const Sim *sim, const Project *project, gint64 lag_us, gint64 age_us)
{
  SnapshotView *view = g_new0(SnapshotView, 1);
  view->snapshots = g_ptr_array_new();
  view->owned = g_ptr_array_new_with_free_func((GDestroyNotify)snapshot_free);
  g_autoptr(GHashTable) changed = history_since(sim, HISTORY_SNAPSHOT, age_us);
  g_autoptr(GHashTable) new = history_newcomers(sim, HISTORY_SNAPSHOT, lag_us);
  GHashTableIter iter;
  gpointer id, value;
  g_hash_table_iter_init(&iter, sim->snapshots);
  while (g_hash_table_iter_next(&iter, &id, &value))
    if (((Snapshot *)value)->project == project && !g_hash_table_contains(changed, id) &&
        !g_hash_table_contains(new, id))
      g_ptr_array_add(view->snapshots, value);
  g_hash_table_iter_init(&iter, changed);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    Snapshot *snapshot =
      value && !g_hash_table_contains(new, id) ? snapshot_from_record(sim, id, value) : NULL;
    if (!snapshot)
      continue;
    g_ptr_array_add(view->owned, snapshot);
    if (snapshot->project == project)
      g_ptr_array_add(view->snapshots, snapshot);
  }
  return view;
}

void snapshot_view_free(SnapshotView *view)
{
  if (!view)
    return;
  g_ptr_array_unref(view->snapshots);
  g_ptr_array_unref(view->owned);
  g_free(view);
}

json_t *snapshot_render(const Snapshot *snapshot)
{
  gboolean creating = g_str_equal(snapshot->status, DISK_CREATING);
  return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:s, s:I, s:s, s:s}", "id", snapshot->id, "status",
                   snapshot->status, "name", snapshot->name, "description", snapshot->description,
                   "created_at", render_time(snapshot->created_us), "updated_at",
                   render_time(snapshot->updated_us), "metadata", snapshot->metadata, "volume_id",
                   snapshot->volume_id, "size", (json_int_t)snapshot->size_gib,
                   "os-extended-snapshot-attributes:project_id", snapshot->project->id,
                   "os-extended-snapshot-attributes:progress", creating ? "0%" : "100%");
}

/* ---- start ---- */

static gboolean is_known(const char *id, gpointer sim)
{
  return sim_snapshot(sim, id) != NULL;
}

void snapshots_sweep_files(Sim *sim)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "snapshots", NULL);
  image_sweep(directory, is_known, sim);
}

void snapshots_register(Sim *sim)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "snapshots", NULL);
  (void)g_mkdir_with_parents(directory, 0755); /* if it fails, so does the first snapshot, and says why */
  state_register(sim, "snapshot", snapshot_load);
}
