/* ECS servers as things that exist: from accounts.json at every start, and those added by /_sim, which live in the
 * journal. */
#include "evssim/accounts.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

static const char *const bus_names[] = {"virtio", "scsi"};

void server_free(Server *server)
{
  g_free(server->id);
  g_free(server->name);
  g_free(server->zone);
  g_free(server->agency);
  g_free(server->status);
  g_free(server);
}

static gboolean name_taken(const Sim *sim, const Account *account, const char *name)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sim->servers);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Server *server = value;
    if (server->project->account == account && g_str_equal(server->name, name))
      return TRUE;
  }
  return FALSE;
}

Server *sim_server_add(Sim *sim, Project *project, const char *name, const char *zone, SimBus bus, int slots,
                       const char *agency, const char *id, GError **error)
{
  g_autofree char *full_name = g_strdup_printf("%s/%s", project->account->name, name);
  g_autofree char *derived_id = accounts_uuid(sim->seed, full_name);
  const char *use_id = id ? id : derived_id;
  const char *fault = NULL;
  if (!text_is_label(name, 64))
    fault = "'name' must be 1-64 of [A-Za-z0-9._-]";
  else if (!text_is_uuid(use_id))
    fault = "'id' must be a UUID";
  else if (!sim_zone(sim, zone))
    fault = "'zone' is none of the zones";
  else if (agency && !account_agency(project->account, agency))
    fault = "'agency' is none of the account's";
  else if (sim_server(sim, use_id) || name_taken(sim, project->account, name))
    fault = "a server of this name or id exists";
  else if (g_hash_table_size(sim->servers) >= SIM_SERVERS_MAX)
    fault = "there are 10000 servers, no more are taken";
  if (fault) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "server '%s': %s", name, fault);
    return NULL;
  }
  Server *server = g_new0(Server, 1);
  server->id = g_ascii_strdown(use_id, -1);
  server->name = g_strdup(name);
  server->project = project;
  server->zone = g_strdup(zone);
  server->bus = bus;
  server->slots = slots;
  server->agency = g_strdup(agency);
  server->status = g_strdup("ACTIVE");
  server->created_us = clock_wall_us();
  server->number = g_hash_table_size(sim->servers);
  g_hash_table_insert(sim->servers, server->id, server);
  return server;
}

void server_changed(Sim *sim, Server *server)
{
  state_put(sim, "server", server->id,
            json_pack("{s:s, s:s, s:s, s:s, s:i, s:s?, s:s}", "name", server->name, "project",
                      server->project->id, "zone", server->zone, "bus", bus_names[server->bus], "slots",
                      server->slots, "agency", server->agency, "status", server->status));
}

static void server_load(Sim *sim, const char *id, json_t *record)
{
  const char *name, *project_id, *zone, *bus, *status, *agency = NULL;
  int slots;
  if (json_unpack(record, "{s:s, s:s, s:s, s:s, s:i, s?s, s:s}", "name", &name, "project", &project_id,
                  "zone", &zone, "bus", &bus, "slots", &slots, "agency", &agency, "status", &status) != 0)
    return;
  Server *server = sim_server(sim, id);
  Project *project = sim_project(sim, project_id);
  g_autoptr(GError) error = NULL;
  if (!server && project)
    server =
      sim_server_add(sim, project, name, zone, g_str_equal(bus, "scsi") ? SIM_BUS_SCSI : SIM_BUS_VIRTIO,
                     slots, agency, id, &error);
  if (!server) {
    log_warn("server of the journal left out", LOG_TEXT("server", id),
             LOG_TEXT("cause", error ? error->message : "its project is not in the accounts"));
    return;
  }
  g_free(server->status);
  server->status = g_strdup(status);
}

void servers_register(Sim *sim)
{
  state_register(sim, "server", server_load);
}
