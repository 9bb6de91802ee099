#include "tests/harness/sim.h"

#include "base/text.h"

#include <curl/curl.h>

enum { HTTP_TIMEOUT_MS = 30000 };

typedef struct {
  Sim sim;
  char *url, *state_dir, *cloud_config;
} OwnedSim;

static void purge(void *data)
{
  OwnedSim *owned = data;
  g_autofree char *state = g_strdup_printf("--state-dir=%s", owned->state_dir);
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *program = g_build_filename(dir ? dir : EVS_DEFAULT_BIN_DIR, "evs-sim", NULL);
  const char *argv[] = {program, state, "--purge", NULL};
  g_autoptr(GError) error = NULL;
  if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, NULL,
                    &error))
    print_error("evs-sim --purge: %s\n", error->message);
  g_free(owned->url);
  g_free(owned->state_dir);
  g_free(owned->cloud_config);
  g_free(owned);
}

static char *profile_argument(Harness *harness, const char *profile)
{
  if (!profile)
    return g_strdup("--profile=fast");
  if (profile[0] != '{')
    return g_strdup_printf("--profile=%s", profile);
  g_autofree char *path = harness_write_file(harness, "profile.json", profile);
  return g_strdup_printf("--profile=%s", path);
}

Sim *sim_start(Harness *harness, const SimOptions *options)
{
  static const SimOptions none;
  if (!options)
    options = &none;
  OwnedSim *owned = g_new0(OwnedSim, 1);
  owned->state_dir = options->state_dir ? g_strdup(options->state_dir) : harness_path(harness, "sim");
  assert_int_equal(g_mkdir_with_parents(owned->state_dir, 0700), 0);

  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(argv, g_strdup("evs-sim"));
  g_ptr_array_add(argv, g_strdup("--listen=127.0.0.1:0"));
  g_ptr_array_add(argv, g_strdup_printf("--state-dir=%s", owned->state_dir));
  g_ptr_array_add(argv, profile_argument(harness, options->profile));
  g_ptr_array_add(argv, g_strdup_printf("--seed=%d", options->seed ? options->seed : 1));
  if (options->accounts) {
    g_autofree char *path = harness_write_file(harness, "accounts.json", options->accounts);
    g_ptr_array_add(argv, g_strdup_printf("--accounts=%s", path));
  } else {
    owned->cloud_config = g_build_filename(owned->state_dir, "cloud-config", NULL);
  }
  g_ptr_array_add(argv, NULL);
  owned->sim.process = process_start(harness, (const char *const *)argv->pdata);
  owned->url = process_wait_output(owned->sim.process, "ready ", HARNESS_START_MS);
  owned->sim.url = owned->url;
  owned->sim.state_dir = owned->state_dir;
  owned->sim.cloud_config = owned->cloud_config;
  harness_at_end(harness, purge, owned);
  return &owned->sim;
}

static size_t collect(char *data, size_t size, size_t count, void *into)
{
  g_string_append_len(into, data, (gssize)(size * count));
  return size * count;
}

/* Status of the answer; its body is appended to reply. */
static int exchange(const Sim *sim, const char *method, const char *path, const char *body, GString *reply)
{
  g_autofree char *url = g_strconcat(sim->url, path, NULL);
  CURL *curl = curl_easy_init();
  assert_non_null(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)HTTP_TIMEOUT_MS);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
  struct curl_slist *headers = NULL;
  if (body) {
    headers = curl_slist_append(headers, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  }
  CURLcode result = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  if (result != CURLE_OK)
    fail_msg("%s %s: %s", method, url, curl_easy_strerror(result));
  return (int)status;
}

json_t *sim_request(const Sim *sim, const char *method, const char *path, json_t *body)
{
  char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
  json_decref(body);
  g_autoptr(GString) reply = g_string_new(NULL);
  int status = exchange(sim, method, path, text, reply);
  if (status < 200 || status > 299)
    fail_msg("%s %s with %s: %d %s", method, path, text ? text : "no body", status, reply->str);
  free(text);
  if (reply->len == 0)
    return NULL;
  json_error_t error;
  json_t *answer = json_loadb(reply->str, reply->len, JSON_DECODE_ANY, &error);
  if (!answer)
    fail_msg("%s %s: no JSON: %s in %s", method, path, error.text, reply->str);
  return answer;
}

json_t *sim_get(const Sim *sim, const char *path)
{
  return sim_request(sim, "GET", path, NULL);
}

static json_t *parse(const char *text)
{
  json_error_t error;
  json_t *value = json_loads(text, 0, &error);
  if (!value)
    fail_msg("no JSON: %s in %s", error.text, text);
  return value;
}

void sim_send(const Sim *sim, const char *method, const char *path, const char *body)
{
  json_decref(sim_request(sim, method, path, body ? parse(body) : NULL));
}

int sim_request_status(const Sim *sim, const char *method, const char *path, const char *body)
{
  g_autoptr(GString) reply = g_string_new(NULL);
  return exchange(sim, method, path, body, reply);
}

gint64 sim_calls(const Sim *sim, const char *op)
{
  json_t *stats = sim_get(sim, "/_sim/stats");
  gint64 total = 0;
  const char *name;
  json_t *row;
  json_object_foreach(json_object_get(stats, "calls"), name, row)
  {
    if (!op || g_str_equal(op, name))
      total += json_integer_value(json_object_get(row, "total"));
  }
  json_decref(stats);
  return total;
}

void sim_reset_calls(const Sim *sim)
{
  sim_send(sim, "DELETE", "/_sim/stats", NULL);
}

char *sim_describe_calls(const Sim *sim)
{
  json_t *stats = sim_get(sim, "/_sim/stats");
  g_autoptr(GString) text = g_string_new(NULL);
  const char *name;
  json_t *row;
  json_object_foreach(json_object_get(stats, "calls"), name, row)
  {
    g_string_append_printf(text, "%s%s=%" JSON_INTEGER_FORMAT, text->len ? " " : "", name,
                           json_integer_value(json_object_get(row, "total")));
  }
  json_decref(stats);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

char *sim_fault(const Sim *sim, const char *fault)
{
  json_t *answer = sim_request(sim, "POST", "/_sim/faults", parse(fault));
  const char *id = json_string_value(json_object_get(answer, "id"));
  assert_non_null(id);
  char *copy = g_strdup(id);
  json_decref(answer);
  return copy;
}

/* GET /_sim/faults is an array of faults, or an object with it under "faults". */
gint64 sim_fault_hits(const Sim *sim, const char *id)
{
  json_t *answer = sim_get(sim, "/_sim/faults");
  json_t *list = json_is_array(answer) ? answer : json_object_get(answer, "faults");
  gint64 hits = -1;
  size_t i;
  json_t *row;
  json_array_foreach(list, i, row)
  {
    if (g_strcmp0(json_string_value(json_object_get(row, "id")), id) == 0)
      hits = json_integer_value(json_object_get(row, "hits"));
  }
  json_decref(answer);
  if (hits < 0)
    fail_msg("no fault '%s'", id);
  return hits;
}

void sim_clear_faults(const Sim *sim)
{
  sim_send(sim, "DELETE", "/_sim/faults", NULL);
}

static json_t *state_list(const Sim *sim, const char *key)
{
  json_t *state = sim_get(sim, "/_sim/state");
  json_t *list = json_incref(json_object_get(state, key));
  json_decref(state);
  return list;
}

json_t *sim_disk(const Sim *sim, const char *volume_id)
{
  json_t *disks = state_list(sim, "disks");
  json_t *found = NULL;
  size_t i;
  json_t *row;
  json_array_foreach(disks, i, row)
  {
    if (g_strcmp0(json_string_value(json_object_get(row, "id")), volume_id) == 0)
      found = json_incref(row);
  }
  json_decref(disks);
  return found;
}

gsize sim_disk_count(const Sim *sim)
{
  json_t *disks = state_list(sim, "disks");
  gsize count = json_array_size(disks);
  json_decref(disks);
  return count;
}

typedef struct {
  const Sim *sim;
  const char *volume_id, *status;
  char *seen;
} StatusWait;

static gboolean disk_has_status(void *data)
{
  StatusWait *wait = data;
  json_t *disk = sim_disk(wait->sim, wait->volume_id);
  g_free(wait->seen);
  wait->seen = g_strdup(disk ? json_string_value(json_object_get(disk, "status")) : "gone");
  json_decref(disk);
  return g_strcmp0(wait->seen, wait->status) == 0;
}

void sim_wait_disk_status(const Sim *sim, const char *volume_id, const char *status)
{
  StatusWait wait = {.sim = sim, .volume_id = volume_id, .status = status};
  gboolean came = wait_until(disk_has_status, &wait, HARNESS_WAIT_MS);
  g_autofree char *seen = wait.seen;
  if (!came)
    fail_msg("disk '%s' is '%s', not '%s'", volume_id, seen, status);
}

char *sim_disk_file(const Sim *sim, const char *volume_id)
{
  return g_strdup_printf("%s/disks/%s.img", sim->state_dir, volume_id);
}

gint64 sim_loops(const Sim *sim)
{
  json_t *stats = sim_get(sim, "/_sim/stats");
  gint64 loops = json_integer_value(json_object_get(stats, "loops"));
  json_decref(stats);
  return loops;
}

json_t *sim_server(const Sim *sim, gsize index)
{
  json_t *servers = state_list(sim, "servers");
  json_t *server = json_incref(json_array_get(servers, index));
  gsize count = json_array_size(servers);
  json_decref(servers);
  if (!server)
    fail_msg("the simulator has %d servers, no number %d", (int)count, (int)index);
  return server;
}
