/* Creates a disk, waits for it, lists the disks of its name, deletes it: what most programs do with libevsclient.
 *
 *     cc -o disks disks.c $(pkg-config --cflags --libs evsclient)
 *     ./disks cloud-config NAME ZONE TYPE GIB
 *
 * cloud-config is the file of docs/reference.md; `evs-sim` writes a ready one. TYPE: SAS, SSD ... as the zone has them.
 */
#include <evsclient/evsclient.h>
#include <stdio.h>
#include <stdlib.h>

enum { CREATE_S = 300, READ_S = 30 };

/* From now on so many seconds. Other fields could let another thread cancel the call. */
static EvsContext within(int seconds)
{
  return (EvsContext){.deadline_us = g_get_monotonic_time() + seconds * G_USEC_PER_SEC};
}

/* The new disk once it is available, or NULL. */
static EvsDisk *create_disk(EvsClient *client, const EvsDiskCreate *request, GError **error)
{
  EvsContext context = within(CREATE_S);
  /* EVS answers the same request with the same token by the same disk, for 8 hours. So keep the token until the disk is there:
   * with it the request may be repeated after a crash. */
  g_autofree char *token = g_uuid_string_random();
  g_autofree char *job = NULL, *id = NULL;
  if (!evs_disk_create(client, &context, request, token, &job, &id, error))
    return NULL;
  printf("job %s makes disk %s\n", job, id);

  g_autoptr(EvsWatcher) watcher = evs_watcher_new(client);
  EvsDisk *disk = NULL;
  return evs_watch_create(watcher, &context, id, job, &disk, error) ? disk : NULL;
}

static gboolean list_disks(EvsClient *client, const char *name, GError **error)
{
  EvsContext context = within(READ_S);
  EvsDiskFilter filter = {.name = name};
  g_autoptr(GPtrArray) disks = evs_disk_list(client, &context, &filter, error);
  if (!disks)
    return FALSE;
  for (guint i = 0; i < disks->len; i++) {
    const EvsDisk *disk = disks->pdata[i];
    printf("%s  %-10s  %5" G_GINT64_FORMAT " GiB  %s  %s\n", disk->id, disk->status, disk->size_gib,
           disk->volume_type, disk->name);
  }
  return TRUE;
}

static gboolean delete_disk(EvsClient *client, const char *id, GError **error)
{
  EvsContext context = within(CREATE_S);
  g_autofree char *job = NULL;
  if (!evs_disk_delete(client, &context, id, &job, error))
    return FALSE;
  g_autoptr(EvsWatcher) watcher = evs_watcher_new(client);
  return evs_watch_delete(watcher, &context, id, job, error);
}

static gboolean run(char **arguments, GError **error)
{
  g_autoptr(EvsConfig) config = evs_config_load(arguments[0], error);
  g_autoptr(EvsClient) client = config ? evs_client_new(config, error) : NULL;
  if (!client)
    return FALSE;
  EvsDiskCreate request = {
    .name = arguments[1],
    .availability_zone = arguments[2],
    .volume_type = arguments[3],
    .size_gib = strtol(arguments[4], NULL, 10),
  };
  g_autoptr(EvsDisk) disk = create_disk(client, &request, error);
  if (!disk)
    return FALSE;
  gboolean listed = list_disks(client, request.name, error);
  return delete_disk(client, disk->id, listed ? error : NULL) && listed;
}

int main(int count, char **arguments)
{
  if (count != 6) {
    fprintf(stderr, "usage: disks CLOUD-CONFIG NAME ZONE TYPE GIB\n");
    return 2;
  }
  g_autoptr(GError) error = NULL;
  if (run(arguments + 1, &error)) {
    printf("deleted\n");
    return 0;
  }
  g_autofree char *text = evs_error_describe(error);
  fprintf(stderr, "disks: %s\n", text);
  return 1;
}
