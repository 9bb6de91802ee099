#include "evssim/service.h"

#include "base/error.h"
#include "base/log.h"
#include "evssim/accounts.h"
#include "evssim/disks.h"
#include "evssim/faults.h"
#include "evssim/http_server.h"
#include "evssim/images.h"
#include "evssim/jobs.h"
#include "evssim/jsonread.h"
#include "evssim/parts.h"
#include "evssim/profile.h"
#include "evssim/router.h"
#include "evssim/snapshots.h"
#include "evssim/state.h"
#include "evssim/stats.h"

#include <errno.h>
#include <event2/event.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>

struct Service {
  Sim *sim;
  HttpServer *http;
  struct event *on_term, *on_int;
};

static const char *const directories[] = {"disks", "snapshots", "images", "servers"};
static const char *const files[] = {"journal",       "journal.tmp",  "endpoint",
                                    "accounts.json", "cloud-config", "openrc"};

static gboolean make_directories(const char *state_dir, GError **error)
{
  if (g_mkdir_with_parents(state_dir, 0755) != 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make '%s'", state_dir);
  for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
    g_autofree char *path = g_build_filename(state_dir, directories[i], NULL);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
      return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make '%s'", path);
  }
  return TRUE;
}

/* Readers never see half a file. Secrets: for the owner only. */
static gboolean write_file(const Sim *sim, const char *name, const char *text, int mode, GError **error)
{
  g_autofree char *path = g_build_filename(sim->state_dir, name, NULL);
  g_autoptr(GError) cause = NULL;
  if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, &cause))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INTERNAL, "%s", cause->message);
}

/* The file given, else DIR/accounts.json, which is made from the seed when it is not there. */
static gboolean load_accounts(Sim *sim, const ServiceOptions *options, GError **error)
{
  g_autofree char *own = g_build_filename(sim->state_dir, "accounts.json", NULL);
  const char *path = options->accounts ? options->accounts : own;
  if (!options->accounts && access(own, F_OK) != 0) {
    g_autoptr(json_t) document = accounts_default(sim->seed);
    char *text = json_dumps(document, JSON_INDENT(2));
    gboolean written = write_file(sim, "accounts.json", text, 0600, error);
    free(text);
    if (!written)
      return FALSE;
  }
  g_autoptr(json_t) document = jsonread_file(path, error);
  return document && accounts_load(sim, document, path, error);
}

/* Everything but the port. Parts register before the journal is read. */
static gboolean start_parts(Sim *sim, const ServiceOptions *options, GError **error)
{
  static void (*const parts[])(Sim *) = {clock_start,    servers_register, disks_start,   iam_start,
                                         metadata_start, ecs_start,        catalog_start, control_start};
  sim->profile = profile_load(options->profile, options->seed, error);
  if (!sim->profile || !load_accounts(sim, options, error))
    return FALSE;
  sim->events = event_base_new();
  sim->stats = stats_new(sim->profile);
  sim->faults = faults_new(options->seed);
  state_start(sim);
  router_start(sim);
  jobs_start(sim);
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    parts[i](sim);
  if (!state_open(sim, error))
    return FALSE;
  disks_sweep_files(sim);
  snapshots_sweep_files(sim);
  images_sweep_files(sim);
  GHashTableIter iter;
  gpointer server;
  g_hash_table_iter_init(&iter, sim->servers);
  while (g_hash_table_iter_next(&iter, NULL, &server))
    if (!device_server_start(sim, server, error))
      return FALSE;
  jobs_resume(sim);
  return TRUE;
}

static void stop_parts(Sim *sim)
{
  if (!sim->events)
    return;
  jobs_stop(sim);
  ecs_stop(sim);
  device_stop(sim);
  metadata_stop(sim);
  iam_stop(sim);
  disks_stop(sim);
  router_stop(sim);
  state_close(sim);
  faults_free(sim->faults);
  stats_free(sim->stats);
  event_base_free(sim->events);
}

static gboolean write_endpoint(const Sim *sim, const ServiceOptions *options, GError **error)
{
  g_autofree char *line = g_strconcat(sim->base_url, "\n", NULL);
  g_autofree char *ca_file = options->tls_cert ? g_canonicalize_filename(options->tls_cert, NULL) : NULL;
  g_autofree char *config = accounts_cloud_config(sim, ca_file);
  if (config && !write_file(sim, "cloud-config", config, 0600, error))
    return FALSE;
  g_autofree char *openrc = accounts_openrc(sim, ca_file);
  if (openrc && !write_file(sim, "openrc", openrc, 0600, error))
    return FALSE;
  return write_file(sim, "endpoint", line, 0644, error);
}

static void on_signal(evutil_socket_t number, short what, void *argument)
{
  (void)number;
  (void)what;
  event_base_loopbreak(argument);
}

Service *service_new(const ServiceOptions *options, GError **error)
{
  if (!make_directories(options->state_dir, error))
    return NULL;
  g_autoptr(Service) service = g_new0(Service, 1);
  Sim *sim = service->sim = sim_new(options->state_dir, options->seed);
  if (!start_parts(sim, options, error))
    return NULL;
  service->http = http_server_new(sim, options->listen, options->tls_cert, options->tls_key, error);
  if (!service->http || !write_endpoint(sim, options, error))
    return NULL;
  service->on_term = evsignal_new(sim->events, SIGTERM, on_signal, sim->events);
  service->on_int = evsignal_new(sim->events, SIGINT, on_signal, sim->events);
  evsignal_add(service->on_term, NULL);
  evsignal_add(service->on_int, NULL);
  return g_steal_pointer(&service);
}

void service_run(Service *service)
{
  event_base_dispatch(service->sim->events);
}

const char *service_url(const Service *service)
{
  return service->sim->base_url;
}

void service_free(Service *service)
{
  if (!service)
    return;
  if (service->on_term)
    event_free(service->on_term);
  if (service->on_int)
    event_free(service->on_int);
  http_server_free(service->http);
  stop_parts(service->sim);
  profile_free(service->sim->profile);
  sim_free(service->sim);
  g_free(service);
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
  (void)stat;
  (void)type;
  (void)walk;
  return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

gboolean service_purge(const char *state_dir, GError **error)
{
  if (access(state_dir, F_OK) != 0)
    return TRUE;
  int lock = state_lock(state_dir, error);
  if (lock < 0)
    return FALSE;
  device_purge(state_dir);
  gboolean clean = TRUE;
  for (gsize i = 0; clean && i < G_N_ELEMENTS(directories); i++) {
    g_autofree char *path = g_build_filename(state_dir, directories[i], NULL);
    /* neither over mounts nor through links */
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT)
      clean = evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot remove '%s'", path);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(state_dir, files[i], NULL);
    (void)unlink(path);
  }
  g_autofree char *lock_path = g_build_filename(state_dir, "lock", NULL);
  (void)unlink(lock_path);
  close(lock);
  (void)rmdir(state_dir);
  return clean;
}
