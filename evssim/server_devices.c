#include "evssim/server_devices.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "evssim/device.h"
#include "evssim/loop.h"
#include "evssim/parts.h"

static char *server_dir(const Sim *sim, const Server *server, const char *below)
{
  return g_build_filename(sim->state_dir, "servers", server->id, below, NULL);
}

char *device_dev_dir(const Sim *sim, const Server *server)
{
  return server_dir(sim, server, "dev");
}

char *device_sys_dir(const Sim *sim, const Server *server)
{
  return server_dir(sim, server, "sys");
}

gboolean server_sees_scsi(const Server *server, const Disk *disk)
{
  return server->bus == SIM_BUS_SCSI || disk_is_scsi(disk);
}

gboolean server_plug(const Sim *sim, Server *server, const Disk *disk, GError **error)
{
  g_autofree char *file = disk_file(sim, disk);
  DeviceDisk spec = {.bus = server_sees_scsi(server, disk) ? DEVICE_SCSI : DEVICE_VIRTIO,
                     .volume_id = disk->id,
                     .wwn = disk->wwn,
                     .file = file,
                     .read_only = disk->readonly};
  return device_attach(server->devices, &spec, error);
}

void server_unplug(Server *server, const Disk *disk)
{
  device_detach(server->devices, disk->id);
}

gboolean server_uses(const Server *server, const Disk *disk)
{
  return device_is_claimed(server->devices, disk->id);
}

/* DIR/servers/by-name/<account>.<name> -> ../<server-id> */
static gboolean link_name(const Sim *sim, const Server *server, GError **error)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "servers", "by-name", NULL);
  g_autofree char *link =
    g_strdup_printf("%s/%s.%s", directory, server->project->account->name, server->name);
  g_autofree char *target = g_strconcat("../", server->id, NULL);
  (void)unlink(link);
  if (g_mkdir_with_parents(directory, 0755) != 0 || symlink(target, link) != 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make the link '%s'", link);
  return TRUE;
}

/* What the journal says is attached gets its device back. A disk that cannot is logged: the others matter too. */
static void plug_attached(Sim *sim, Server *server)
{
  GHashTableIter disks;
  gpointer value = NULL;
  g_hash_table_iter_init(&disks, sim->disks);
  while (g_hash_table_iter_next(&disks, NULL, &value)) {
    const Disk *disk = value;
    g_autoptr(GError) error = NULL;
    if (disk_attachment(disk, server->id) && !server_plug(sim, server, disk, &error))
      log_warn("an attached disk has no device", LOG_TEXT("server", server->id), LOG_TEXT("volume", disk->id),
               LOG_TEXT("cause", error->message));
  }
}

gboolean device_server_start(Sim *sim, Server *server, GError **error)
{
  g_autofree char *directory = server_dir(sim, server, NULL);
  server->devices = device_tree_new(directory, error);
  DeviceBus bus = server->bus == SIM_BUS_SCSI ? DEVICE_SCSI : DEVICE_VIRTIO;
  if (!server->devices || !device_show_system(server->devices, bus, error) || !link_name(sim, server, error))
    return FALSE;
  plug_attached(sim, server);
  device_tree_prune(server->devices);
  return TRUE;
}

void device_disk_grown(const Sim *sim, const Disk *disk)
{
  for (guint i = 0; i < disk->attachments->len; i++) {
    const Attachment *attachment = disk->attachments->pdata[i];
    const Server *server = sim_server(sim, attachment->server_id);
    g_autoptr(GError) error = NULL;
    if (server && server->devices && !device_grow(server->devices, disk->id, &error))
      log_warn("an attached disk did not grow", LOG_TEXT("volume", disk->id),
               LOG_TEXT("cause", error->message));
  }
}

void device_disk_gone(const Sim *sim, const Disk *disk)
{
  GHashTableIter servers;
  gpointer value = NULL;
  g_hash_table_iter_init(&servers, sim->servers);
  while (g_hash_table_iter_next(&servers, NULL, &value)) {
    Server *server = value;
    if (server->devices)
      device_detach(server->devices, disk->id);
  }
}

void device_stop(Sim *sim)
{
  GHashTableIter servers;
  gpointer value = NULL;
  g_hash_table_iter_init(&servers, sim->servers);
  while (g_hash_table_iter_next(&servers, NULL, &value))
    g_clear_pointer(&((Server *)value)->devices, device_tree_free);
}

guint device_loops(const Sim *sim)
{
  guint count = 0;
  GHashTableIter servers;
  gpointer value = NULL;
  g_hash_table_iter_init(&servers, sim->servers);
  while (g_hash_table_iter_next(&servers, NULL, &value)) {
    const Server *server = value;
    count += server->devices ? device_count(server->devices) : 0;
  }
  return count;
}

void device_purge(const char *state_dir)
{
  loop_purge(state_dir);
}
