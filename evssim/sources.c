#include "evssim/sources.h"

#include "base/error.h"
#include "base/text.h"
#include "evssim/control.h"
#include "evssim/jsonread.h"

enum { SIZE_MAX_GIB = 32768 };

static const char *const kinds[] = {[SOURCE_IMAGE] = "image", [SOURCE_BACKUP] = "backup"};
static const char *const statuses[][5] = {
  [SOURCE_IMAGE] = {"active", "queued", "killed", NULL},
  [SOURCE_BACKUP] = {"available", "creating", "error", "unreadable", NULL},
};

static void source_free(Source *source)
{
  g_free(source->zone);
  g_free(source);
}

static char *key_of(SourceKind kind, const char *id)
{
  return g_strdup_printf("%s/%s", kinds[kind], id);
}

const Source *source_find(const Sim *sim, const Project *project, SourceKind kind, const char *id)
{
  if (!id)
    return NULL;
  g_autofree char *key = key_of(kind, id);
  const Source *source = g_hash_table_lookup(sim->sources, key);
  return source && source->project == project ? source : NULL;
}

/* NULL with error. body also is the journal's record. */
static Source *source_read(const Sim *sim, SourceKind kind, const json_t *body, GError **error)
{
  const char *account_name, *zone;
  gint64 size;
  gboolean of_system;
  int status;
  if (!jsonread_name(body, kinds[kind], "account", NULL, &account_name, error) ||
      !jsonread_string(body, kinds[kind], "zone", "", &zone, error) ||
      !jsonread_integer(body, kinds[kind], "size", 1, SIZE_MAX_GIB, 10, &size, error) ||
      !jsonread_boolean(body, kinds[kind], "system", FALSE, &of_system, error) ||
      !jsonread_choice(body, kinds[kind], "status", statuses[kind], 0, &status, error))
    return NULL;
  const Account *account = sim_account(sim, account_name);
  if (!account || account->projects->len == 0) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: there is no account '%s' with a project",
                  kinds[kind], account_name);
    return NULL;
  }
  if (kind == SOURCE_BACKUP && !sim_zone(sim, zone)) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: there is no zone '%s'", kinds[kind], zone);
    return NULL;
  }
  Source *source = g_new0(Source, 1);
  source->kind = kind;
  source->project = g_ptr_array_index(account->projects, 0);
  source->status = statuses[kind][status];
  source->zone = g_strdup(zone);
  source->size_gib = size;
  source->of_system = of_system;
  return source;
}

static void source_put(Sim *sim, const char *id, Source *source)
{
  g_hash_table_replace(sim->sources, key_of(source->kind, id), source);
}

/* ---- /_sim ---- */

static void put_source(Request *request, SourceKind kind, const char *const *keys)
{
  json_t *body = control_body(request, keys);
  const char *id = request_path(request, "id");
  g_autoptr(GError) error = NULL;
  if (!body)
    return;
  if (!text_is_uuid(id))
    evs_error_set(&error, EVS_CODE_INVALID_ARGUMENT, "%s: the id must be a UUID", kinds[kind]);
  Source *source = error ? NULL : source_read(request->sim, kind, body, &error);
  if (!source) {
    control_reply_error(request, error);
    return;
  }
  source_put(request->sim, id, source);
  state_put(request->sim, kinds[kind], id, json_deep_copy(body));
  reply_json(request, 200, json_deep_copy(body));
}

static void remove_source(Request *request, SourceKind kind)
{
  const char *id = request_path(request, "id");
  g_autofree char *key = key_of(kind, id);
  if (!g_hash_table_remove(request->sim->sources, key)) {
    reply_error(request, 404, "Sim.0404", "there is no %s '%s'", kinds[kind], id);
    return;
  }
  state_remove(request->sim, kinds[kind], id);
  reply_empty(request, 204);
}

static void handle_image_put(Request *request)
{
  static const char *const keys[] = {"account", "size", "status", "system", NULL};
  put_source(request, SOURCE_IMAGE, keys);
}

static void handle_backup_put(Request *request)
{
  static const char *const keys[] = {"account", "size", "status", "zone", NULL};
  put_source(request, SOURCE_BACKUP, keys);
}

static void handle_image_delete(Request *request)
{
  remove_source(request, SOURCE_IMAGE);
}

static void handle_backup_delete(Request *request)
{
  remove_source(request, SOURCE_BACKUP);
}

static const Route routes[] = {
  {"sim", SIM_SERVICE_CONTROL, "PUT", "/images/{id}", NULL, ROUTE_NO_AUTH, handle_image_put},
  {"sim", SIM_SERVICE_CONTROL, "PUT", "/backups/{id}", NULL, ROUTE_NO_AUTH, handle_backup_put},
  {"sim", SIM_SERVICE_CONTROL, "DELETE", "/images/{id}", NULL, ROUTE_NO_AUTH, handle_image_delete},
  {"sim", SIM_SERVICE_CONTROL, "DELETE", "/backups/{id}", NULL, ROUTE_NO_AUTH, handle_backup_delete},
};

/* ---- journal ---- */

static void load(Sim *sim, SourceKind kind, const char *id, const json_t *record)
{
  Source *source = source_read(sim, kind, record, NULL);
  if (source)
    source_put(sim, id, source);
}

static void image_load(Sim *sim, const char *id, json_t *record)
{
  load(sim, SOURCE_IMAGE, id, record);
}

static void backup_load(Sim *sim, const char *id, json_t *record)
{
  load(sim, SOURCE_BACKUP, id, record);
}

void sources_start(Sim *sim)
{
  sim->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)source_free);
  state_register(sim, kinds[SOURCE_IMAGE], image_load);
  state_register(sim, kinds[SOURCE_BACKUP], backup_load);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}

void sources_stop(Sim *sim)
{
  g_clear_pointer(&sim->sources, g_hash_table_unref);
}
