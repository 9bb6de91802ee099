#include "evssim/sim.h"

#include "base/clock.h"
#include "evssim/accounts.h"
#include "evssim/disks.h"
#include "evssim/parts.h"
#include "evssim/snapshots.h"

Sim *sim_new(const char *state_dir, gint64 seed)
{
  Sim *sim = g_new0(Sim, 1);
  sim->state_dir = g_canonicalize_filename(state_dir, NULL);
  sim->seed = seed;
  sim->speed = 1;
  sim->virtual_base_us = clock_wall_us();
  sim->virtual_since_us = clock_now_us();
  sim->zones = g_ptr_array_new_with_free_func((GDestroyNotify)zone_free);
  sim->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
  sim->servers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)server_free);
  sim->disks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)disk_free);
  sim->snapshots = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)snapshot_free);
  return sim;
}

void sim_free(Sim *sim)
{
  if (!sim)
    return;
  g_hash_table_unref(sim->snapshots);
  g_hash_table_unref(sim->disks);
  g_hash_table_unref(sim->servers);
  g_ptr_array_unref(sim->accounts);
  g_ptr_array_unref(sim->zones);
  g_free(sim->state_dir);
  g_free(sim->base_url);
  g_free(sim->cloud);
  g_free(sim->region);
  g_free(sim);
}

gint64 sim_cloud_us(const Sim *sim)
{
  return clock_wall_us() + sim->skew_us;
}

gint64 sim_virtual_us(const Sim *sim)
{
  double passed_us = (double)(clock_now_us() - sim->virtual_since_us) * sim->speed;
  return sim->virtual_base_us + (gint64)passed_us;
}

gint64 sim_cloud_of_virtual(const Sim *sim, gint64 virtual_us)
{
  return sim_cloud_us(sim) + (gint64)((double)(virtual_us - sim_virtual_us(sim)) / sim->speed);
}

/* The record holds a point of the virtual clock with its wall time, so that a restart, after SIGKILL too, knows what
 * the clock has become. */
static void clock_record(Sim *sim)
{
  state_put(sim, "clock", "clock",
            json_pack("{s:f, s:I, s:I, s:I}", "speed", sim->speed, "skew_us", (json_int_t)sim->skew_us,
                      "virtual_us", (json_int_t)sim->virtual_base_us, "wall_us",
                      (json_int_t)clock_wall_us()));
}

void sim_set_clock(Sim *sim, double speed, gint64 skew_us)
{
  sim->virtual_base_us = sim_virtual_us(sim);
  sim->virtual_since_us = clock_now_us();
  sim->speed = speed;
  sim->skew_us = skew_us;
  clock_record(sim);
}

static void clock_load(Sim *sim, const char *id, json_t *record)
{
  (void)id;
  double speed = json_number_value(json_object_get(record, "speed"));
  sim->speed = speed > 0 ? speed : 1;
  sim->skew_us = json_integer_value(json_object_get(record, "skew_us"));
  double passed_us =
    (double)(clock_wall_us() - json_integer_value(json_object_get(record, "wall_us"))) * sim->speed;
  sim->virtual_base_us =
    json_integer_value(json_object_get(record, "virtual_us")) + (gint64)MAX(passed_us, 0.0);
  sim->virtual_since_us = clock_now_us();
}

void clock_start(Sim *sim)
{
  state_register(sim, "clock", clock_load);
}

GPtrArray *sim_values(GHashTable *table)
{
  GPtrArray *values = g_ptr_array_sized_new(g_hash_table_size(table));
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    g_ptr_array_add(values, value);
  return values;
}

/* Looks through a GPtrArray for the item whose string at this offset equals text. */
static gpointer find_by(const GPtrArray *items, gsize offset, const char *text)
{
  for (guint i = 0; text && i < items->len; i++) {
    guint8 *item = g_ptr_array_index(items, i);
    if (g_str_equal(*(char **)(gpointer)(item + offset), text))
      return item;
  }
  return NULL;
}

Account *sim_account(const Sim *sim, const char *name)
{
  return find_by(sim->accounts, G_STRUCT_OFFSET(Account, name), name);
}

Account *sim_account_by_domain(const Sim *sim, const char *domain_id)
{
  return find_by(sim->accounts, G_STRUCT_OFFSET(Account, domain_id), domain_id);
}

Project *sim_project(const Sim *sim, const char *id)
{
  for (guint i = 0; i < sim->accounts->len; i++) {
    const Account *account = g_ptr_array_index(sim->accounts, i);
    Project *project = find_by(account->projects, G_STRUCT_OFFSET(Project, id), id);
    if (project)
      return project;
  }
  return NULL;
}

Project *account_project(const Account *account, const char *name_or_id)
{
  Project *project = find_by(account->projects, G_STRUCT_OFFSET(Project, id), name_or_id);
  return project ? project : find_by(account->projects, G_STRUCT_OFFSET(Project, name), name_or_id);
}

Agency *account_agency(const Account *account, const char *name)
{
  return find_by(account->agencies, G_STRUCT_OFFSET(Agency, name), name);
}

Server *sim_server(const Sim *sim, const char *id)
{
  return id ? g_hash_table_lookup(sim->servers, id) : NULL;
}

Disk *sim_disk(const Sim *sim, const char *id)
{
  return id ? g_hash_table_lookup(sim->disks, id) : NULL;
}

const Zone *sim_zone(const Sim *sim, const char *name)
{
  return find_by(sim->zones, G_STRUCT_OFFSET(Zone, name), name);
}
