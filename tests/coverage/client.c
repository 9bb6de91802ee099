/* coverage_client CLOUD-CONFIG SERVER   makes every call of the EVS API reference once, through the installed face of
 * libevsclient and nothing else. Whoever runs it looks at the cloud whether all have arrived. Out-of-date calls are made too. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#include "evsclient/evsclient.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALL_S = 240, POLL_US = 20000 };

static EvsClient *client;
static EvsWatcher *watcher;
static EvsContext within;
static GError *error;

/* Ends the program unless the call went well. */
static void done(const char *what, gboolean ok)
{
  if (ok && !error)
    return;
  g_autofree char *text = error ? evs_error_describe(error) : g_strdup("failed without an error");
  fprintf(stderr, "coverage_client: %s: %s\n", what, text);
  exit(1);
}

#define CALL(function, ...) done(#function, function(client, &within, ##__VA_ARGS__, &error))
#define WATCH(function, ...) done(#function, function(watcher, &within, ##__VA_ARGS__, &error))

/* A list is read to its end; it must have something. */
static void read_all(const char *what, EvsIterator *list)
{
  guint items = 0;
  while (evs_iterator_next(list, &error))
    items++;
  evs_iterator_free(list);
  done(what, items > 0);
}
#define READ_ALL(function, filter) read_all(#function, function(client, &within, filter))

static GPtrArray *array(const char *what, GPtrArray *list)
{
  done(what, list && list->len > 0);
  return list;
}
#define ARRAY(function, ...) array(#function, function(client, &within, ##__VA_ARGS__, &error))
#define DROP_ARRAY(function, ...) g_ptr_array_unref(ARRAY(function, ##__VA_ARGS__))

static void await_status(const char *volume_id, const char *status)
{
  for (;;) {
    g_autoptr(EvsDisk) disk = evs_disk_get(client, &within, volume_id, &error);
    done("evs_disk_get", disk != NULL);
    if (g_str_equal(disk->status, status))
      return;
    g_usleep(POLL_US);
  }
}

static GHashTable *one_pair(const char *key, const char *value)
{
  GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(table, (gpointer)key, (gpointer)value);
  return table;
}

static void drop_table(const char *what, GHashTable *table)
{
  done(what, table != NULL);
  g_hash_table_unref(table);
}
#define TABLE(function, ...) drop_table(#function, function(client, &within, ##__VA_ARGS__, &error))

static EvsDiskCreate disk_of(const char *name)
{
  return (EvsDiskCreate){.name = name, .availability_zone = "sim-1a", .volume_type = "SSD", .size_gib = 10};
}

/* A disk that is available. Newly allocated id. */
static char *make_disk(const EvsDiskCreate *request)
{
  g_autofree char *job = NULL;
  char *id = NULL;
  CALL(evs_disk_create, request, NULL, &job, &id);
  WATCH(evs_watch_create, id, job, NULL);
  return id;
}

static void versions(void)
{
  DROP_ARRAY(evs_version_list);
  DROP_ARRAY(evs_cinder_version_list);
  g_autoptr(EvsVersion) two = evs_version_get(client, &within, "v2", &error);
  done("evs_version_get", two != NULL);
  g_autoptr(EvsVersion) three = evs_cinder_version_get(client, &within, "v3", &error);
  done("evs_cinder_version_get", three != NULL);
  DROP_ARRAY(evs_extension_list);
}

static void catalog(void)
{
  g_autoptr(GPtrArray) types = ARRAY(evs_disk_type_list);
  DROP_ARRAY(evs_zone_list);
  const EvsDiskType *first = types->pdata[0];
  g_autoptr(EvsDiskType) type = evs_disk_type_get(client, &within, first->id, &error);
  done("evs_disk_type_get", type != NULL);
  g_autoptr(EvsQuota) quota = evs_quota_get(client, &within, &error);
  done("evs_quota_get", quota && evs_quota_item(quota, "volumes"));
}

/* Reference 6.1 and 6.4. */
static void disks(void)
{
  EvsDiskCreate request = disk_of("old"), fast = disk_of("fast");
  g_autoptr(EvsAccepted) made = evs_disk_create_v2(client, &within, &request, &error);
  done("evs_disk_create_v2", made != NULL);
  g_autoptr(EvsDisk) disk = NULL;
  WATCH(evs_watch_create, made->volume_ids[0], made->job_id, &disk);
  g_autofree char *job = NULL, *fast_job = NULL, *gone_job = NULL;
  CALL(evs_disk_extend, disk->id, 11, &job);
  WATCH(evs_watch_extend, disk->id, job, 11, NULL);
  g_autoptr(EvsJob) read = evs_job_get(client, &within, EVS_SERVICE_EVS, job, &error);
  done("evs_job_get", read && read->state == EVS_JOB_SUCCESS);
  EvsDiskExtend more = {.new_size_gib = 12};
  g_autoptr(EvsAccepted) extended = evs_disk_extend_v2(client, &within, disk->id, &more, &error);
  done("evs_disk_extend_v2", extended != NULL);
  WATCH(evs_watch_extend, disk->id, extended->job_id, 12, NULL);
  g_autoptr(EvsDisk) renamed =
    evs_disk_update(client, &within, disk->id, &(EvsDiskUpdate){.name = "new"}, &error);
  done("evs_disk_update", renamed && g_str_equal(renamed->name, "new"));
  g_autoptr(EvsDisk) vendor = evs_vendor_disk_get(client, &within, disk->id, &error);
  done("evs_vendor_disk_get", vendor && vendor->size_gib == 12);
  READ_ALL(evs_disk_iterate, &(EvsDiskFilter){.limit = 1});
  READ_ALL(evs_vendor_disk_iterate, NULL);
  READ_ALL(evs_disk_iterate_short, NULL);
  fast.volume_type = "GPSSD2";
  fast.size_gib = 100;
  fast.iops = 3000;
  fast.throughput = 125;
  g_autofree char *fast_id = make_disk(&fast);
  CALL(evs_disk_set_qos, fast_id, 4000, 150, &fast_job);
  WATCH(evs_watch_qos, fast_id, fast_job, 4000, 150, NULL);
  /* Nobody pays for it by the month: the call is taken, its result says so. */
  const char *ids[] = {fast_id, NULL};
  DROP_ARRAY(evs_disk_unsubscribe, ids);
  CALL(evs_disk_delete, fast_id, &gone_job);
  WATCH(evs_watch_delete, fast_id, gone_job);
}

/* Reference 6.2. */
static void snapshots(const char *volume_id)
{
  EvsSnapshotCreate request = {.volume_id = volume_id, .name = "snap"};
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_create(client, &within, &request, &error);
  done("evs_snapshot_create", snapshot != NULL);
  WATCH(evs_watch_snapshot, snapshot->id, NULL);
  g_autoptr(EvsSnapshot) read = evs_snapshot_get(client, &within, snapshot->id, &error);
  done("evs_snapshot_get", read && read->size_gib == 10);
  g_autoptr(EvsSnapshot) renamed =
    evs_snapshot_update(client, &within, snapshot->id, &(EvsSnapshotUpdate){.name = "new"}, &error);
  done("evs_snapshot_update", renamed != NULL);
  READ_ALL(evs_snapshot_iterate, NULL);
  EvsRollback back = {.volume_id = volume_id};
  CALL(evs_snapshot_rollback, snapshot->id, &back);
  await_status(volume_id, "available");
  CALL(evs_vendor_snapshot_rollback, snapshot->id, &back);
  await_status(volume_id, "available");
  CALL(evs_snapshot_delete, snapshot->id);
  WATCH(evs_watch_snapshot_delete, snapshot->id);
}

/* Reference 6.3. */
static void tags(const char *volume_id)
{
  g_autoptr(GHashTable) some = one_pair("team", "storage");
  CALL(evs_tag_add, volume_id, some);
  TABLE(evs_tag_list);
  g_autoptr(EvsDiskTags) mine = evs_tag_get(client, &within, volume_id, &error);
  done("evs_tag_get", mine && mine->tags->len == 1);
  const char *values[] = {"storage", NULL}, *keys[] = {"team", NULL};
  EvsTagValues wanted = {.key = "team", .values = values};
  g_autoptr(GPtrArray) list = g_ptr_array_new();
  g_ptr_array_add(list, &wanted);
  READ_ALL(evs_tag_find, &(EvsTagFilter){.tags = list});
  CALL(evs_tag_remove, volume_id, keys);
}

/* Reference 7.1. */
static void cinder_volumes(const char *server_id)
{
  EvsDiskCreate request = disk_of("cinder");
  g_autoptr(EvsDisk) disk = evs_cinder_volume_create(client, &within, &request, &error);
  done("evs_cinder_volume_create", disk != NULL);
  await_status(disk->id, "available");
  EvsCinderVolumeUpdate change = {.description = "text"};
  g_autoptr(EvsDisk) updated = evs_cinder_volume_update(client, &within, disk->id, &change, &error);
  done("evs_cinder_volume_update", updated != NULL);
  CALL(evs_cinder_volume_extend, disk->id, 20);
  WATCH(evs_watch_extend, disk->id, NULL, 20, NULL);
  g_autoptr(EvsDisk) read = evs_cinder_volume_get(client, &within, disk->id, &error);
  done("evs_cinder_volume_get", read && read->size_gib == 20);
  READ_ALL(evs_cinder_volume_iterate, NULL);
  READ_ALL(evs_cinder_volume_iterate_short, NULL);
  CALL(evs_cinder_volume_set_bootable, disk->id, TRUE);
  CALL(evs_cinder_volume_set_bootable, disk->id, FALSE);
  CALL(evs_cinder_volume_set_readonly, disk->id, FALSE);
  EvsImageExport image = {.image_name = "image"};
  g_autoptr(EvsExportedImage) exported =
    evs_cinder_volume_export_image(client, &within, disk->id, &image, &error);
  done("evs_cinder_volume_export_image", exported && *exported->image_id);
  await_status(disk->id, "available");
  CALL(evs_cinder_volume_reserve, disk->id);
  CALL(evs_cinder_volume_unreserve, disk->id);
  EvsCinderAttach attach = {.server_id = server_id, .mountpoint = "/dev/vdb"};
  CALL(evs_cinder_volume_attach, disk->id, &attach);
  await_status(disk->id, "in-use");
  CALL(evs_cinder_volume_detach, disk->id, NULL);
  await_status(disk->id, "available");
  CALL(evs_cinder_volume_delete, disk->id, TRUE);
  WATCH(evs_watch_delete, disk->id, NULL);
}

/* Reference 7.2 and 7.6. */
static void cinder_snapshots(const char *volume_id)
{
  EvsSnapshotCreate request = {.volume_id = volume_id, .name = "cinder"};
  g_autoptr(EvsSnapshot) snapshot = evs_cinder_snapshot_create(client, &within, &request, &error);
  done("evs_cinder_snapshot_create", snapshot != NULL);
  WATCH(evs_watch_snapshot, snapshot->id, NULL);
  g_autoptr(EvsSnapshot) renamed =
    evs_cinder_snapshot_update(client, &within, snapshot->id, &(EvsSnapshotUpdate){.name = "new"}, &error);
  done("evs_cinder_snapshot_update", renamed != NULL);
  g_autoptr(EvsSnapshot) read = evs_cinder_snapshot_get(client, &within, snapshot->id, &error);
  done("evs_cinder_snapshot_get", read && g_str_equal(read->name, "new"));
  READ_ALL(evs_cinder_snapshot_iterate, NULL);
  READ_ALL(evs_cinder_snapshot_iterate_short, NULL);

  g_autoptr(GHashTable) some = one_pair("key", "value"), other = one_pair("key", "other");
  TABLE(evs_snapshot_metadata_add, snapshot->id, some);
  g_autofree char *value = evs_snapshot_metadata_get(client, &within, snapshot->id, "key", &error);
  done("evs_snapshot_metadata_get", g_strcmp0(value, "value") == 0);
  CALL(evs_snapshot_metadata_set, snapshot->id, "key", "second");
  TABLE(evs_snapshot_metadata_update, snapshot->id, other);
  TABLE(evs_snapshot_metadata_list, snapshot->id);
  CALL(evs_snapshot_metadata_remove, snapshot->id, "key");

  CALL(evs_cinder_snapshot_delete, snapshot->id);
  WATCH(evs_watch_snapshot_delete, snapshot->id);
}

/* Reference 7.5. */
static void metadata(const char *volume_id)
{
  g_autoptr(GHashTable) some = one_pair("key", "value"), other = one_pair("key", "other");
  TABLE(evs_disk_metadata_add, volume_id, some);
  g_autofree char *value = evs_disk_metadata_get(client, &within, volume_id, "key", &error);
  done("evs_disk_metadata_get", g_strcmp0(value, "value") == 0);
  CALL(evs_disk_metadata_set, volume_id, "key", "second");
  TABLE(evs_disk_metadata_update, volume_id, other);
  TABLE(evs_disk_metadata_list, volume_id);
  TABLE(evs_disk_metadata_list_v3, volume_id);
  CALL(evs_disk_metadata_remove, volume_id, "key");
}

/* Reference 7.4: to oneself. */
static void transfers(const char *volume_id)
{
  EvsTransferCreate request = {.volume_id = volume_id, .name = "first"};
  g_autoptr(EvsTransfer) first = evs_transfer_create(client, &within, &request, &error);
  done("evs_transfer_create", first && *first->auth_key);
  g_autoptr(EvsTransfer) read = evs_transfer_get(client, &within, first->id, &error);
  done("evs_transfer_get", read && !*read->auth_key);
  READ_ALL(evs_transfer_iterate, NULL);
  READ_ALL(evs_transfer_iterate_short, NULL);
  CALL(evs_transfer_delete, first->id);
  await_status(volume_id, "available");
  g_autoptr(EvsTransfer) second = evs_transfer_create(client, &within, &request, &error);
  done("evs_transfer_create", second != NULL);
  g_autoptr(EvsTransfer) taken = evs_transfer_accept(client, &within, second->id, second->auth_key, &error);
  done("evs_transfer_accept", taken && g_str_equal(taken->volume_id, volume_id));
  await_status(volume_id, "available");
}

int main(int count, char **arguments)
{
  if (count != 3) {
    fprintf(stderr, "usage: coverage_client CLOUD-CONFIG SERVER\n");
    return 2;
  }
  within.deadline_us = g_get_monotonic_time() + (gint64)ALL_S * G_USEC_PER_SEC;
  g_autoptr(EvsConfig) config = evs_config_load(arguments[1], &error);
  done("evs_config_load", config != NULL);
  client = evs_client_new(config, &error);
  done("evs_client_new", client != NULL);
  watcher = evs_watcher_new(client);
  EvsDiskCreate request = disk_of("data");
  g_autofree char *disk = make_disk(&request);
  versions();
  catalog();
  disks();
  snapshots(disk);
  tags(disk);
  cinder_volumes(arguments[2]);
  cinder_snapshots(disk);
  metadata(disk);
  transfers(disk);
  evs_watcher_free(watcher);
  evs_client_free(client);
  return 0;
}
