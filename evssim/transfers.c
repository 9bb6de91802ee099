#include "evssim/transfers.h"

#include "base/log.h"

static const char *const stage_names[] = {"pending", "accepting", "accepted"};

static void transfer_free(Transfer *transfer)
{
  g_free(transfer->id);
  g_free(transfer->volume_id);
  g_free(transfer->name);
  g_free(transfer->auth_key);
  g_free(transfer);
}

/* ---- journal ---- */

static void transfer_changed(Sim *sim, const Transfer *transfer)
{
  state_put(sim, "transfer", transfer->id,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:I}", "project", transfer->project->id,
                      "receiver", transfer->receiver ? transfer->receiver->id : "", "volume_id",
                      transfer->volume_id, "name", transfer->name, "auth_key", transfer->auth_key, "stage",
                      transfer->stage, "created_us", (json_int_t)transfer->created_us, "serial",
                      (json_int_t)transfer->serial));
}

static void transfer_load(Sim *sim, const char *id, json_t *record)
{
  const char *project_id, *receiver_id, *volume_id, *name, *auth_key;
  json_int_t created, serial;
  int stage;
  if (json_unpack(record, "{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:I}", "project", &project_id, "receiver",
                  &receiver_id, "volume_id", &volume_id, "name", &name, "auth_key", &auth_key, "stage",
                  &stage, "created_us", &created, "serial", &serial) != 0)
    return;
  Project *project = sim_project(sim, project_id), *receiver = sim_project(sim, receiver_id);
  if (!project || stage < TRANSFER_PENDING || stage > TRANSFER_ACCEPTED ||
      (stage != TRANSFER_PENDING && !receiver)) {
    log_warn("transfer of the journal left out: its project is not in the accounts",
             LOG_TEXT("transfer", id));
    return;
  }
  Transfer *transfer = g_new0(Transfer, 1);
  transfer->id = g_strdup(id);
  transfer->project = project;
  transfer->receiver = receiver;
  transfer->volume_id = g_strdup(volume_id);
  transfer->name = g_strdup(name);
  transfer->auth_key = g_strdup(auth_key);
  transfer->stage = (TransferStage)stage;
  transfer->created_us = created;
  transfer->serial = (guint64)serial;
  sim->next_serial = MAX(sim->next_serial, transfer->serial + 1);
  g_hash_table_insert(sim->transfers, transfer->id, transfer);
}

/* ---- life ---- */

static char *random_key(void)
{
  return g_strdup_printf("%08x%08x", g_random_int(), g_random_int());
}

Transfer *transfer_add(Sim *sim, const Disk *disk, const char *name)
{
  Transfer *transfer = g_new0(Transfer, 1);
  transfer->id = g_uuid_string_random();
  transfer->project = disk->project;
  transfer->volume_id = g_strdup(disk->id);
  transfer->name = g_strdup(name);
  transfer->auth_key = random_key();
  transfer->created_us = sim_cloud_us(sim);
  transfer->serial = sim->next_serial++;
  g_hash_table_insert(sim->transfers, transfer->id, transfer);
  transfer_changed(sim, transfer);
  return transfer;
}

Transfer *transfer_find(const Sim *sim, const char *id)
{
  return id ? g_hash_table_lookup(sim->transfers, id) : NULL;
}

void transfer_remove(Sim *sim, Transfer *transfer)
{
  state_remove(sim, "transfer", transfer->id);
  g_hash_table_remove(sim->transfers, transfer->id);
}

/* Forgets the oldest accepted one if there are too many. */
static void forget_oldest(Sim *sim)
{
  GHashTableIter iter;
  gpointer value;
  Transfer *oldest = NULL;
  int remembered = 0;
  g_hash_table_iter_init(&iter, sim->transfers);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Transfer *transfer = value;
    if (transfer->stage != TRANSFER_ACCEPTED)
      continue;
    remembered++;
    if (!oldest || transfer->serial < oldest->serial)
      oldest = transfer;
  }
  if (remembered > TRANSFERS_REMEMBERED_MAX)
    transfer_remove(sim, oldest);
}

void transfer_set_stage(Sim *sim, Transfer *transfer, TransferStage stage)
{
  g_assert(stage == TRANSFER_PENDING || transfer->receiver);
  transfer->stage = stage;
  if (stage == TRANSFER_PENDING)
    transfer->receiver = NULL;
  transfer_changed(sim, transfer);
  if (stage == TRANSFER_ACCEPTED)
    forget_oldest(sim);
}

static gboolean is_alive(const Sim *sim, const Transfer *transfer)
{
  const Disk *disk = sim_disk(sim, transfer->volume_id);
  return transfer->stage != TRANSFER_PENDING ||
         (disk && disk->project == transfer->project && g_str_equal(disk->status, DISK_AWAITING_TRANSFER));
}

void transfers_sweep(Sim *sim)
{
  g_autoptr(GPtrArray) all = sim_values(sim->transfers);
  for (guint i = 0; i < all->len; i++) {
    Transfer *transfer = g_ptr_array_index(all, i);
    if (!is_alive(sim, transfer))
      transfer_remove(sim, transfer);
  }
}

/* ---- lists ---- */

static int newest_first(gconstpointer a, gconstpointer b)
{
  const Transfer *one = *(Transfer *const *)a, *two = *(Transfer *const *)b;
  return one->serial > two->serial ? -1 : one->serial < two->serial;
}

/* project NULL: all. */
static GPtrArray *unfinished(const Sim *sim, const Project *project)
{
  GPtrArray *rows = g_ptr_array_new();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sim->transfers);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Transfer *transfer = value;
    if (transfer->stage != TRANSFER_ACCEPTED && (!project || transfer->project == project))
      g_ptr_array_add(rows, value);
  }
  g_ptr_array_sort(rows, newest_first);
  return rows;
}

GPtrArray *transfers_of(const Sim *sim, const Project *project)
{
  return unfinished(sim, project);
}

json_t *transfers_state(Sim *sim)
{
  json_t *list = json_array();
  transfers_sweep(sim);
  g_autoptr(GPtrArray) rows = unfinished(sim, NULL);
  for (guint i = 0; i < rows->len; i++) {
    const Transfer *transfer = g_ptr_array_index(rows, i);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", transfer->id, "name", transfer->name,
                                    "account", transfer->project->account->name, "volume_id",
                                    transfer->volume_id, "status", stage_names[transfer->stage]));
  }
  return list;
}

void transfers_register(Sim *sim)
{
  sim->transfers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)transfer_free);
  state_register(sim, "transfer", transfer_load);
}

void transfers_stop(Sim *sim)
{
  g_clear_pointer(&sim->transfers, g_hash_table_unref);
}
