#include "evssim/router.h"

#include "base/clock.h"
#include "base/log.h"
#include "evssim/disks.h"
#include "evssim/parts.h"
#include "evssim/profile.h"
#include "evssim/quirks.h"
#include "evssim/rate.h"
#include "evssim/standing.h"
#include "evssim/stats.h"

#include <signal.h>

typedef struct {
  Route route;           /* op and path are the entry's own */
  char *op, *path;       /* without '#' */
  char **segments;       /* of path */
  guint count;           /* of segments */
  char *key, *key_value; /* what the body must have; NULL: whatever it has */
} RouteEntry;

struct Router {
  GPtrArray *routes; /* of RouteEntry* */
  Rate *rate;
};

static void route_entry_free(RouteEntry *entry)
{
  g_strfreev(entry->segments);
  g_free(entry->op);
  g_free(entry->path);
  g_free(entry->key);
  g_free(entry->key_value);
  g_free(entry);
}

void router_start(Sim *sim)
{
  sim->router = g_new0(struct Router, 1);
  sim->router->routes = g_ptr_array_new_with_free_func((GDestroyNotify)route_entry_free);
  sim->router->rate = rate_new(sim->profile->rate_rps, sim->profile->rate_burst);
}

void router_stop(Sim *sim)
{
  if (!sim->router)
    return;
  g_ptr_array_unref(sim->router->routes);
  rate_free(sim->router->rate);
  g_clear_pointer(&sim->router, g_free);
}

/* Takes over op and path. */
static void entry_add(Sim *sim, const Route *route, char *op, char *path)
{
  RouteEntry *entry = g_new0(RouteEntry, 1);
  char *mark = strchr(path, '#');
  if (mark) {
    char *equals = strchr(mark, '=');
    entry->key = equals ? g_strndup(mark + 1, (gsize)(equals - mark - 1)) : g_strdup(mark + 1);
    entry->key_value = equals ? g_strdup(equals + 1) : NULL;
    *mark = '\0';
  }
  entry->op = op;
  entry->path = path;
  entry->route = *route;
  entry->route.op = op;
  entry->route.path = path;
  entry->segments = g_strsplit(path + 1, "/", -1);
  entry->count = g_strv_length(entry->segments);
  g_assert(entry->count <= REQUEST_SEGMENTS_MAX);
  g_ptr_array_add(sim->router->routes, entry);
}

void router_add(Sim *sim, const Route *routes, gsize count)
{
  for (gsize i = 0; i < count; i++)
    entry_add(sim, &routes[i], g_strdup(routes[i].op), g_strdup(routes[i].path));
}

void router_add_twins(Sim *sim, const Route *routes, gsize count)
{
  router_add(sim, routes, count);
  for (gsize i = 0; i < count; i++) {
    g_assert(g_str_has_prefix(routes[i].path, "/v2/"));
    entry_add(sim, &routes[i], g_strconcat("v3.", routes[i].op, NULL),
              g_strconcat("/v3/", routes[i].path + strlen("/v2/"), NULL));
  }
}

void router_visit(const Sim *sim,
                  void (*visit)(const Route *route, const char *key, const char *value, void *argument),
                  void *argument)
{
  for (guint i = 0; i < sim->router->routes->len; i++) {
    const RouteEntry *entry = g_ptr_array_index(sim->router->routes, i);
    visit(&entry->route, entry->key, entry->key_value, argument);
  }
}

gboolean request_is_v3(const Request *request)
{
  return g_str_has_prefix(request->route->op, "v3.");
}

/* ---- which service, which route ---- */

enum { HOST_SERVICES = 4 }; /* the first ones have names of hosts, too */

static const struct {
  const char *name;
  SimService service;
} services[] = {
  {"evs", SIM_SERVICE_EVS}, {"ecs", SIM_SERVICE_ECS},   {"iam", SIM_SERVICE_IAM},
  {"ims", SIM_SERVICE_IMS}, {"meta", SIM_SERVICE_META}, {"_sim", SIM_SERVICE_CONTROL},
};

/* "evs.sim-1.sim.test[:port]", "iam.sim.test": the service named by the Host header. */
static gboolean service_of_host(const Request *request, SimService *ret_service)
{
  const Sim *sim = request->sim;
  g_autofree char *host = g_ascii_strdown(request->host, -1);
  char *colon = strrchr(host, ':');
  if (colon)
    *colon = '\0';
  g_autofree char *regional = g_strdup_printf("%s.%s", sim->region, sim->cloud);
  for (int i = 0; i < HOST_SERVICES; i++) {
    gsize length = strlen(services[i].name);
    if (strncmp(host, services[i].name, length) != 0 || host[length] != '.')
      continue;
    const char *rest = host + length + 1;
    if (!g_str_equal(rest, regional) &&
        !(services[i].service == SIM_SERVICE_IAM && g_str_equal(rest, sim->cloud)))
      continue;
    *ret_service = services[i].service;
    return TRUE;
  }
  return FALSE;
}

/* The service, and where in the raw path its own path begins. */
static gboolean find_service(const Request *request, SimService *ret_service, const char **ret_path)
{
  for (gsize i = 0; i < G_N_ELEMENTS(services); i++) {
    gsize length = strlen(services[i].name);
    const char *path = request->raw_path;
    if (path[0] == '/' && strncmp(path + 1, services[i].name, length) == 0 &&
        (path[1 + length] == '/' || path[1 + length] == '\0')) {
      *ret_service = services[i].service;
      *ret_path = path[1 + length] ? path + 1 + length : "/";
      return TRUE;
    }
  }
  *ret_path = request->raw_path;
  return service_of_host(request, ret_service);
}

/* The body is of the operation that shares its path with others. */
static gboolean body_fits(const RouteEntry *entry, Request *request)
{
  const json_t *body = request_json(request);
  const json_t *value = json_object_get(body, entry->key);
  if (!entry->key_value)
    return value && json_object_size(body) == 1;
  return g_strcmp0(json_string_value(value), entry->key_value) == 0;
}

/* Number of literal segments that match (the body counts as one), or -1 if the route does not fit. */
static int fit(const RouteEntry *entry, Request *request, char **segments, guint count)
{
  int literals = 0;
  if (entry->count != count)
    return -1;
  for (guint i = 0; i < count; i++) {
    if (entry->segments[i][0] == '{')
      continue;
    if (!g_str_equal(entry->segments[i], segments[i]))
      return -1;
    literals++;
  }
  if (entry->key)
    return body_fits(entry, request) ? literals + 1 : -1;
  return literals;
}

/* Finds the best route and sets its path parameters. FALSE: there is none. */
static gboolean find_route(Request *request, SimService service, const char *path)
{
  const GPtrArray *routes = request->sim->router->routes;
  g_auto(GStrv) segments = g_strsplit(*path == '/' ? path + 1 : path, "/", -1);
  guint count = g_strv_length(segments);
  if (count > 1 && !segments[count - 1][0] && count <= REQUEST_SEGMENTS_MAX && service == SIM_SERVICE_IAM)
    count--; /* IAM clients write "/v3/projects/" too */
  const RouteEntry *best = NULL;
  int best_literals = -1;
  for (guint i = 0; i < routes->len; i++) {
    const RouteEntry *entry = g_ptr_array_index(routes, i);
    if (entry->route.service != service || !g_str_equal(entry->route.method, request->method))
      continue;
    int literals = fit(entry, request, segments, count);
    if (literals > best_literals) {
      best = entry;
      best_literals = literals;
    }
  }
  if (!best)
    return FALSE;
  request->route = &best->route;
  for (guint i = 0; i < count; i++) {
    if (best->segments[i][0] != '{')
      continue;
    g_autofree char *value = g_uri_unescape_string(segments[i], NULL);
    /* the route's table is static: the name, without its braces, is interned */
    g_autofree char *name = g_strndup(best->segments[i] + 1, strlen(best->segments[i]) - 2);
    request_set_parameter(request, g_intern_string(name), value ? value : segments[i]);
  }
  return TRUE;
}

/* ---- the steps ---- */

static gboolean authenticate(Request *request)
{
  if (request->route->auth == ROUTE_NO_AUTH)
    return TRUE;
  if (!iam_authenticate(request))
    return FALSE;
  if (!strstr(request->route->path, "{project_id}"))
    return TRUE;
  const char *project_id = request_path(request, "project_id");
  request->project = sim_project(request->sim, project_id);
  return iam_check_project(request, project_id);
}

static gboolean within_rate(Request *request)
{
  const Sim *sim = request->sim;
  if (!request->principal.account)
    return TRUE;
  g_autofree char *key =
    g_strdup_printf("%s/%s/%s", request->principal.account->name, request->principal.name,
                    sim->profile->rate_per_api ? request->route->op : "");
  if (rate_take(sim->router->rate, key, clock_now_us()))
    return TRUE;
  reply_gateway(
    request, 429, "APIGW.0308",
    "The throttling threshold has been reached: policy user over ratelimit,limit:%.0f,time:1 second",
    sim->profile->rate_rps);
  return FALSE;
}

static void reply_throttled(Request *request, FaultThrottleForm form)
{
  if (form == FAULT_THROTTLE_429)
    reply_gateway(
      request, 429, "APIGW.0308",
      "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute");
  else if (form == FAULT_THROTTLE_503)
    reply_error(request, 503, "Common.1503", "The API flow is controlled.");
  else
    reply_error(request, 202, "Common.0024", "Flow limit exceeded.");
}

static void kill_process(const FaultAction *action)
{
  log_warn("fault: killing a process", LOG_NUMBER("pid", action->pid));
  kill(action->pid, SIGKILL);
}

/* Faults that act instead of the handler. TRUE: the request has its answer. */
static gboolean faults_before(Request *request)
{
  struct RequestPrivate *p = request->p;
  const FaultAction *kill_it = p->faults[FAULT_KILL], *drop = p->faults[FAULT_DROP];
  const FaultAction *status = p->faults[FAULT_STATUS], *throttle = p->faults[FAULT_THROTTLE];
  if (p->faults[FAULT_DELAY])
    p->delay_ms += p->faults[FAULT_DELAY]->ms;
  if (kill_it && !kill_it->after)
    kill_process(kill_it);
  if (drop && !drop->after)
    reply_drop(request);
  else if (throttle)
    reply_throttled(request, throttle->form);
  else if (status)
    reply_shaped(request, status->status, status->shape, status->code ? status->code : "EVS.2002",
                 "fault injected");
  return p->answered;
}

static void faults_after(Request *request)
{
  struct RequestPrivate *p = request->p;
  const FaultAction *kill_it = p->faults[FAULT_KILL], *drop = p->faults[FAULT_DROP],
                    *stuck = p->faults[FAULT_STUCK];
  Disk *disk = sim_disk(request->sim, p->stuck_disk);
  if (stuck && disk) {
    disk_set_status(disk, stuck->state);
    disk_changed(request->sim, disk);
  }
  if (kill_it && kill_it->after)
    kill_process(kill_it);
  if (drop && drop->after)
    p->status = 0;
}

gboolean request_permitted(Request *request, const char *actions)
{
  g_auto(GStrv) all = g_strsplit(actions, " ", -1);
  for (char **action = all; *action; action++) {
    if (iam_allows(&request->principal, *action))
      continue;
    if (request->route->service != SIM_SERVICE_EVS)
      reply_error(request, 403, "Pdp.0001", "Policy doesn't allow %s to be performed.", *action);
    else if (!request->principal.actions[0])
      reply_error(request, 403, "EVS.0003", "invalid token roles!");
    else if (iam_denies(&request->principal, *action))
      reply_error(request, 403, "EVS.2056", "action in pdp check deny!");
    else
      reply_error(request, 403, "EVS.5403", "Policy check failed.");
    return FALSE;
  }
  return TRUE;
}

static gboolean permitted(Request *request)
{
  const Route *route = request->route;
  return route->auth == ROUTE_NO_AUTH || !route->action || request_permitted(request, route->action);
}

static void dispatch_cloud(Request *request)
{
  if (!authenticate(request) || !within_rate(request))
    return;
  request_fire_faults(request, ~(FAULT_BITS_OF_JOBS | FAULT_BITS_OF_READS), NULL);
  if (faults_before(request))
    return;
  if (permitted(request) && standing_check(request))
    request->route->handle(request);
  if (request->sim->profile->quirks && request->route->service == SIM_SERVICE_EVS && request->p->status < 300)
    request->p->reply_body = quirks_apply(request, request->p->reply_body);
  faults_after(request);
}

static void dispatch_control(Request *request)
{
  if (request->p->loopback)
    request->route->handle(request);
  else
    reply_error(request, 403, "Sim.0403", "/_sim answers loopback peers only");
}

void router_dispatch(Request *request)
{
  SimService service;
  const char *path;
  if (!find_service(request, &service, &path) || !find_route(request, service, path)) {
    reply_gateway(request, 404, "APIGW.0101",
                  "The API does not exist or has not been published in the environment");
    stats_count(request->sim->stats, "unknown", 404, "APIGW.0101");
    return;
  }
  if (service == SIM_SERVICE_CONTROL) {
    dispatch_control(request);
    g_assert(request->p->answered);
    return;
  }
  request->p->delay_ms = request->sim->profile->http_ms;
  dispatch_cloud(request);
  g_assert(request->p->answered);
  g_auto(GStrv) ops = g_strsplit(request->route->op, " ", -1);
  for (char **op = ops; *op; op++)
    stats_count(request->sim->stats, *op, request->p->status, request->p->status ? request->p->code : NULL);
}
