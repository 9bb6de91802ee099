#include "evssim/backups.h"

#include "base/error.h"
#include "base/text.h"
#include "evssim/control.h"
#include "evssim/jsonread.h"

enum { SIZE_MAX_GIB = 32768 };

static const char *const statuses[] = {"available", "creating", "error", "unreadable", NULL};

static void backup_free(Backup *backup)
{
  g_free(backup->zone);
  g_free(backup);
}

const Backup *backup_find(const Sim *sim, const Project *project, const char *id)
{
  const Backup *backup = id ? g_hash_table_lookup(sim->backups, id) : NULL;
  return backup && backup->project == project ? backup : NULL;
}

/* NULL with error. body also is the journal's record. */
static Backup *backup_read(const Sim *sim, const json_t *body, GError **error)
{
  const char *account_name, *project_name, *zone;
  gint64 size;
  int status;
  if (!jsonread_name(body, "backup", "account", NULL, &account_name, error) ||
      !jsonread_name(body, "backup", "project", sim->region, &project_name, error) ||
      !jsonread_name(body, "backup", "zone", NULL, &zone, error) ||
      !jsonread_integer(body, "backup", "size", 1, SIZE_MAX_GIB, 10, &size, error) ||
      !jsonread_choice(body, "backup", "status", statuses, 0, &status, error))
    return NULL;
  const Account *account = sim_account(sim, account_name);
  Project *project = account ? account_project(account, project_name) : NULL;
  if (!project || !sim_zone(sim, zone)) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "backup: there is no such account, project or zone");
    return NULL;
  }
  Backup *backup = g_new0(Backup, 1);
  backup->project = project;
  backup->status = statuses[status];
  backup->zone = g_strdup(zone);
  backup->size_gib = size;
  return backup;
}

static void handle_put(Request *request)
{
  static const char *const keys[] = {"account", "project", "zone", "size", "status", NULL};
  json_t *body = control_body(request, keys);
  const char *id = request_path(request, "id");
  g_autoptr(GError) error = NULL;
  if (!body)
    return;
  if (!text_is_uuid(id))
    evs_error_set(&error, EVS_CODE_INVALID_ARGUMENT, "backup: the id must be a UUID");
  Backup *backup = error ? NULL : backup_read(request->sim, body, &error);
  if (!backup) {
    control_reply_error(request, error);
    return;
  }
  g_hash_table_replace(request->sim->backups, g_strdup(id), backup);
  state_put(request->sim, "backup", id, json_deep_copy(body));
  reply_json(request, 200, json_deep_copy(body));
}

static void handle_delete(Request *request)
{
  const char *id = request_path(request, "id");
  if (!g_hash_table_remove(request->sim->backups, id)) {
    reply_error(request, 404, "Sim.0404", "there is no backup '%s'", id);
    return;
  }
  state_remove(request->sim, "backup", id);
  reply_empty(request, 204);
}

static const Route routes[] = {
  {"sim", SIM_SERVICE_CONTROL, "PUT", "/backups/{id}", NULL, ROUTE_NO_AUTH, handle_put},
  {"sim", SIM_SERVICE_CONTROL, "DELETE", "/backups/{id}", NULL, ROUTE_NO_AUTH, handle_delete},
};

static void backup_load(Sim *sim, const char *id, json_t *record)
{
  Backup *backup = backup_read(sim, record, NULL);
  if (backup)
    g_hash_table_replace(sim->backups, g_strdup(id), backup);
}

void backups_start(Sim *sim)
{
  sim->backups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)backup_free);
  state_register(sim, "backup", backup_load);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}

void backups_stop(Sim *sim)
{
  g_clear_pointer(&sim->backups, g_hash_table_unref);
}
