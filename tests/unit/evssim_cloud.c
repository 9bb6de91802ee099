#include "tests/unit/evssim_cloud.h"

#include <event2/event.h>
#include <glib/gstdio.h>

#include "base/clock.h"
#include "evssim/accounts.h"
#include "evssim/disks.h"
#include "evssim/jobs.h"
#include "evssim/parts.h"
#include "evssim/profile.h"
#include "evssim/router.h"
#include "evssim/signature.h"
#include "evssim/snapshots.h"
#include "evssim/state.h"
#include "evssim/stats.h"

enum { TURN_MS = 20000 };

/* JSON with single quotes for the double ones. */
static const char accounts[] =
  "{'format': 1, 'cloud': 'sim.test', 'region': 'sim-1',"
  " 'zones': [{'name': 'sim-1a', 'types': ['SAS', 'SSD', 'GPSSD2', 'ESSD2'], 'sold_out': ['SATA']},"
  "           {'name': 'sim-1b', 'types': ['SAS']}],"
  " 'accounts': ["
  "  {'name': 'alpha', 'domain_id': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',"
  "   'projects': [{'id': '" ALPHA_PROJECT "', 'name': 'sim-1'}, {'id': '" ALPHA_SUB
  "', 'name': 'sim-1_sub'}],"
  "   'users': [{'name': 'csi', 'password': 'pw-csi', 'keys': [{'ak': 'AKA', 'sk': 'SKA'}], 'actions': "
  "['*']},"
  "             {'name': 'reader', 'password': 'pw-reader', 'keys': [{'ak': 'AKR', 'sk': 'SKR'}],"
  "              'actions': ['evs:*:get', 'evs:*:list', 'ecs:*:get']},"
  "             {'name': 'nothing', 'password': 'pw-nothing', 'actions': []},"
  "             {'name': 'denied', 'password': 'pw-denied', 'actions': ['*', '!evs:volumes:delete']}],"
  "   'agencies': [{'name': 'node', 'actions': ['ecs:*:get']}],"
  "   'servers': [{'name': 'alpha-%d', 'zone': 'sim-1a', 'count': 2, 'agency': 'node'},"
  "               {'name': 'tiny', 'zone': 'sim-1a', 'slots': 3, 'agency': 'node'},"
  "               {'name': 'far', 'zone': 'sim-1b', 'agency': 'node'},"
  "               {'name': 'bare', 'zone': 'sim-1a'},"
  "               {'name': 'scsi-1', 'zone': 'sim-1a', 'bus': 'scsi', 'slots': 60, 'agency': 'node'}]},"
  "  {'name': 'beta', 'domain_id': 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',"
  "   'projects': [{'id': '" BETA_PROJECT "', 'name': 'sim-1',"
  "                 'quota': {'volumes': 3, 'gigabytes': 1000, 'gigabytes_SAS': 100, 'per_volume_gigabytes': "
  "500}}],"
  "   'users': [{'name': 'other', 'password': 'pw-other', 'keys': [{'ak': 'AKB', 'sk': 'SKB'}],"
  "              'actions': ['*']}]}]}";

static const char profile[] =
  "{'jobs': {'attachVolume': {'median_ms': 5, 'sigma': 0}, 'detachVolume': {'median_ms': 5, 'sigma': 0}}}";

char *cloud_quoted(const char *single_quoted)
{
  return g_strdelimit(g_strdup(single_quoted), "'", '"');
}

static json_t *parse_quoted(const char *text)
{
  g_autofree char *json = cloud_quoted(text);
  return json_loads(json, 0, NULL);
}

/* By reference: what is made in the arguments is made by then. */
static void expect_success(gboolean done, GError *const *error)
{
  if (!done)
    fail_msg("%s", *error ? (*error)->message : "failed without an error");
}

static void start_servers(Sim *sim)
{
  GHashTableIter servers;
  gpointer value = NULL;
  g_autoptr(GError) error = NULL;
  g_hash_table_iter_init(&servers, sim->servers);
  while (g_hash_table_iter_next(&servers, NULL, &value))
    expect_success(device_server_start(sim, value, &error), &error);
}

static Sim *boot(const char *directory, gboolean devices)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) accounts_json = parse_quoted(accounts), profile_json = parse_quoted(profile);
  Sim *sim = sim_new(directory, 7);
  sim->base_url = g_strdup("http://sim.test");
  sim->events = event_base_new();
  expect_success(accounts_load(sim, accounts_json, "accounts", &error), &error);
  sim->profile = profile_parse(profile_json, "profile", 7, &error);
  expect_success(sim->profile != NULL, &error);
  sim->stats = stats_new(sim->profile);
  sim->faults = faults_new(7);
  state_start(sim);
  router_start(sim);
  clock_start(sim);
  servers_register(sim);
  iam_start(sim);
  metadata_start(sim);
  jobs_start(sim);
  disks_start(sim);
  ecs_start(sim);
  catalog_start(sim);
  control_start(sim);
  expect_success(state_open(sim, &error), &error);
  if (devices)
    start_servers(sim);
  jobs_resume(sim);
  return sim;
}

static void shut_down(Sim *sim)
{
  device_stop(sim);
  ecs_stop(sim);
  jobs_stop(sim);
  metadata_stop(sim);
  iam_stop(sim);
  disks_stop(sim);
  router_stop(sim);
  state_close(sim);
  faults_free(sim->faults);
  stats_free(sim->stats);
  profile_free(sim->profile);
  event_base_free(sim->events);
  sim_free(sim);
}

static int set_up(void **state, gboolean devices)
{
  Cloud *cloud = g_new0(Cloud, 1);
  g_autoptr(GError) error = NULL;
  cloud->directory = g_dir_make_tmp("evssim-XXXXXX", &error);
  expect_success(cloud->directory != NULL, &error);
  g_autofree char *disks = g_build_filename(cloud->directory, "disks", NULL);
  assert_int_equal(g_mkdir(disks, 0700), 0);
  cloud->sim = boot(cloud->directory, devices);
  cloud->devices = devices;
  cloud->token = cloud_login(cloud, "csi");
  *state = cloud;
  return 0;
}

int cloud_setup(void **state)
{
  return set_up(state, FALSE);
}

int cloud_setup_with_devices(void **state)
{
  return set_up(state, TRUE);
}

static void remove_tree(const char *path)
{
  g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
  const char *name = NULL;
  while (directory && (name = g_dir_read_name(directory))) {
    g_autofree char *entry = g_build_filename(path, name, NULL);
    if (g_file_test(entry, G_FILE_TEST_IS_DIR) && !g_file_test(entry, G_FILE_TEST_IS_SYMLINK))
      remove_tree(entry);
    else
      (void)unlink(entry);
  }
  (void)rmdir(path);
}

int cloud_teardown(void **state)
{
  Cloud *cloud = *state;
  shut_down(cloud->sim);
  remove_tree(cloud->directory);
  g_free(cloud->directory);
  g_free(cloud->token);
  g_free(cloud);
  return 0;
}

void cloud_restart(Cloud *cloud)
{
  shut_down(cloud->sim);
  cloud->sim = boot(cloud->directory, cloud->devices);
}

void cloud_pass(Cloud *cloud, gint64 seconds)
{
  cloud->sim->virtual_base_us += seconds * G_USEC_PER_SEC;
}

/* --- calls --- */

void answer_clear(Answer *answer)
{
  g_free(answer->code);
  g_free(answer->message);
  g_free(answer->token);
  if (answer->body)
    json_decref(answer->body);
  *answer = (Answer){0};
}

static const json_t *find_member(const json_t *json, const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (char **part = parts; *part && json; part++)
    json = json_is_array(json) ? json_array_get(json, (size_t)g_ascii_strtoull(*part, NULL, 10))
                               : json_object_get(json, *part);
  return json;
}

const char *answer_text(const Answer *answer, const char *path)
{
  const char *text = json_string_value(find_member(answer->body, path));
  if (!text) {
    g_autofree char *dump = answer->body ? json_dumps(answer->body, 0) : g_strdup("no body");
    fail_msg("'%s' is no string in %s", path, dump);
  }
  return text;
}

/* The first string at one of these places. */
static char *first_text(const json_t *body, const char *const *places)
{
  for (; *places; places++) {
    const char *text = json_string_value(find_member(body, *places));
    if (text)
      return g_strdup(text);
  }
  return g_strdup("");
}

static Answer answer_of(const Request *request)
{
  const struct RequestPrivate *p = request->p;
  static const char *const codes[] = {"error/code", "error_code", "code", NULL};
  static const char *const messages[] = {"error/message", "error_msg", "itemNotFound/message",
                                         "badRequest/message", NULL};
  Answer answer = {.status = p->status, .body = p->reply_body ? json_incref(p->reply_body) : NULL};
  answer.code = first_text(p->reply_body, codes);
  answer.message = p->reply_plain ? g_strdup(p->reply_plain) : first_text(p->reply_body, messages);
  for (guint i = 0; i + 1 < p->reply_headers->len; i += 2)
    if (strcmp(p->reply_headers->pdata[i], "X-Subject-Token") == 0)
      answer.token = g_strdup(p->reply_headers->pdata[i + 1]);
  return answer;
}

static Answer dispatch(Request *request, const char *body)
{
  request->body = (const guint8 *)(body ? body : "");
  request->body_bytes = body ? strlen(body) : 0;
  router_dispatch(request);
  return answer_of(request);
}

Answer cloud_request(Cloud *cloud, const char *method, const char *target, const char *body,
                     const char *const *headers)
{
  g_autoptr(Request) request = request_new(cloud->sim, method, target);
  for (; headers && *headers; headers += 2)
    request_add_header(request, headers[0], headers[1]);
  return dispatch(request, body);
}

Answer cloud_call(Cloud *cloud, const char *method, const char *target, const char *body)
{
  const char *const headers[] = {cloud->token ? "X-Auth-Token" : NULL, cloud->token, NULL};
  return cloud_request(cloud, method, target, body, headers);
}

/* The key of the scoped form: date, region (none), service (none), purpose, each keyed by the one before. */
static char *sign(const Signature *signature, const char *sk, const char *text)
{
  if (signature->form == SIGNATURE_FORM_ACCESS)
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)sk, strlen(sk), text, -1);
  g_autofree char *seed = g_strconcat("SDK", sk, NULL);
  g_auto(GStrv) parts = g_strsplit(signature->scope, "/", 4);
  guint8 key[64];
  gsize length = strlen(seed);
  memcpy(key, seed, length);
  for (int i = 0; i < 4; i++) {
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, length);
    g_hmac_update(hmac, (const guchar *)parts[i], -1);
    length = 32;
    g_hmac_get_digest(hmac, key, &length);
    g_hmac_unref(hmac);
  }
  return g_compute_hmac_for_string(G_CHECKSUM_SHA256, key, length, text, -1);
}

Answer cloud_signed(Cloud *cloud, const char *ak, const char *sk, const char *security_token, gboolean scoped,
                    gint64 late_s, const char *method, const char *target, const char *body)
{
  g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(clock_wall_us() / G_USEC_PER_SEC + late_s);
  g_autofree char *date = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
  g_autofree char *credential =
    scoped ? g_strdup_printf("Credential=%s/%.8s///sdk_request", ak, date) : g_strdup_printf("Access=%s", ak);
  g_autofree char *blank = g_strnfill(64, '0');
  g_autofree char *draft =
    g_strdup_printf("SDK-HMAC-SHA256 %s, SignedHeaders=host;x-sdk-date, Signature=%s", credential, blank);
  g_autoptr(Signature) signature = signature_parse(draft, NULL);
  SignatureHeader headers[] = {{"Host", "sim.test"}, {"X-Sdk-Date", date}};
  SignatureRequest to_sign = {.method = method,
                              .target = target,
                              .headers = headers,
                              .header_count = G_N_ELEMENTS(headers),
                              .body = body,
                              .body_size = body ? strlen(body) : 0};
  g_autofree char *text = signature_string_to_sign(signature, &to_sign, NULL);
  g_autofree char *digest = sign(signature, sk, text);
  g_autofree char *authorization =
    g_strdup_printf("SDK-HMAC-SHA256 %s, SignedHeaders=host;x-sdk-date, Signature=%s", credential, digest);
  const char *const sent[] = {"Host",
                              "sim.test",
                              "X-Sdk-Date",
                              date,
                              "Authorization",
                              authorization,
                              security_token ? "X-Security-Token" : NULL,
                              security_token,
                              NULL};
  return cloud_request(cloud, method, target, body, sent);
}

char *cloud_login(Cloud *cloud, const char *user)
{
  const char *account = strcmp(user, "other") == 0 ? "beta" : "alpha";
  g_autofree char *body =
    g_strdup_printf("{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{\"name\":\"%"
                    "s\",\"password\":\"pw-%s\","
                    "\"domain\":{\"name\":\"%s\"}}}},\"scope\":{\"project\":{\"name\":\"sim-1\"}}}}",
                    user, user, account);
  g_auto(Answer) answer = cloud_request(cloud, "POST", "/iam/v3/auth/tokens", body, NULL);
  assert_int_equal(answer.status, 201);
  return g_strdup(answer.token);
}

/* --- things --- */

Disk *cloud_disk(Cloud *cloud, const char *zone, gint64 size_gib)
{
  g_autoptr(GError) error = NULL;
  Disk *disk = disk_new(sim_project(cloud->sim, ALPHA_PROJECT));
  g_free(disk->zone);
  g_free(disk->type);
  disk->zone = g_strdup(zone);
  disk->type = g_strdup("SSD");
  disk->size_gib = size_gib;
  disk_set_status(disk, DISK_AVAILABLE);
  expect_success(disk_insert(cloud->sim, disk, &error), &error);
  return disk;
}

const Server *cloud_server(const Cloud *cloud, const char *name)
{
  GHashTableIter servers;
  gpointer value = NULL;
  g_hash_table_iter_init(&servers, cloud->sim->servers);
  while (g_hash_table_iter_next(&servers, NULL, &value))
    if (strcmp(((const Server *)value)->name, name) == 0)
      return value;
  fail_msg("there is no server '%s'", name);
  return NULL;
}

void cloud_turn_until(Cloud *cloud, const Disk *disk, const char *status)
{
  gint64 deadline = clock_deadline_in_ms(TURN_MS);
  while (strcmp(disk->status, status) != 0) {
    if (clock_now_us() >= deadline)
      fail_msg("disk %s is %s, not %s", disk->id, disk->status, status);
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  }
}

void cloud_turn_until_snapshot(Cloud *cloud, const char *id, const char *status)
{
  gint64 deadline = clock_deadline_in_ms(TURN_MS);
  for (;;) {
    const Snapshot *snapshot = sim_snapshot(cloud->sim, id);
    if (status ? snapshot && g_str_equal(snapshot->status, status) : !snapshot)
      return;
    if (clock_now_us() >= deadline)
      fail_msg("snapshot %s is %s, not %s", id, snapshot ? snapshot->status : "gone", status);
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  }
}

void cloud_turn_until_gone(Cloud *cloud, const char *volume_id)
{
  gint64 deadline = clock_deadline_in_ms(TURN_MS);
  while (sim_disk(cloud->sim, volume_id)) {
    if (clock_now_us() >= deadline)
      fail_msg("disk %s is still there", volume_id);
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  }
}

char *cloud_wait_job(Cloud *cloud, const char *job_id)
{
  g_autofree char *target = g_strconcat("/ecs/v1/" ALPHA_PROJECT "/jobs/", job_id, NULL);
  gint64 deadline = clock_deadline_in_ms(TURN_MS);
  while (clock_now_us() < deadline) {
    g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
    assert_int_equal(answer.status, 200);
    const char *status = answer_text(&answer, "status");
    if (strcmp(status, "SUCCESS") == 0 || strcmp(status, "FAIL") == 0)
      return g_strdup(status);
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  }
  fail_msg("job %s has not ended", job_id);
  return NULL;
}

/* --- EVS disks through the API --- */

Answer cloud_post(Cloud *cloud, const char *target, const char *single_quoted, const char *client_token)
{
  g_autofree char *body = cloud_quoted(single_quoted);
  const char *const headers[] = {"X-Auth-Token", cloud->token, client_token ? "X-Client-Token" : NULL,
                                 client_token, NULL};
  return cloud_request(cloud, "POST", target, body, headers);
}

void answer_expect(const Answer *answer, int status, const char *code)
{
  if (answer->status != status || strcmp(answer->code, code) != 0)
    fail_msg("got %d %s (%s), not %d %s", answer->status, answer->code, answer->message, status, code);
}

Answer cloud_wait_evs_job(Cloud *cloud, const char *job_id)
{
  g_autofree char *target = g_strconcat(EVS_JOBS, job_id, NULL);
  gint64 deadline = clock_deadline_in_ms(20000);
  for (;;) {
    Answer answer = cloud_call(cloud, "GET", target, NULL);
    const char *status = answer_text(&answer, "status");
    if (strcmp(status, "SUCCESS") == 0 || strcmp(status, "FAIL") == 0)
      return answer;
    answer_clear(&answer);
    if (clock_now_us() > deadline)
      fail_msg("job %s has not ended", job_id);
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  }
}

void cloud_fault(Cloud *cloud, const char *single_quoted)
{
  g_autofree char *body = cloud_quoted(single_quoted);
  g_autoptr(json_t) document = json_loads(body, 0, NULL);
  assert_non_null(faults_add(cloud->sim->faults, document, NULL));
}

int cloud_control(Cloud *cloud, const char *method, const char *target, const char *single_quoted)
{
  g_autofree char *body = cloud_quoted(single_quoted ? single_quoted : "");
  g_autoptr(Request) request = request_new(cloud->sim, method, target);
  request->p->loopback = TRUE;
  g_auto(Answer) answer = dispatch(request, body);
  return answer.status;
}

void cloud_set_disk(Cloud *cloud, const char *id, const char *single_quoted)
{
  g_autofree char *target = g_strconcat("/_sim/disks/", id, NULL);
  assert_int_equal(cloud_control(cloud, "PUT", target, single_quoted), 200);
}

char *cloud_make_disk(Cloud *cloud, const char *name)
{
  g_autofree char *body = g_strdup_printf(
    "{'volume':{" GOOD_VOLUME ",'name':'%s','metadata':{'create_for_volume_id':'true'}}}", name);
  g_auto(Answer) answer = cloud_post(cloud, EVS_CREATE, body, NULL);
  answer_expect(&answer, 202, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  return g_strdup(answer_text(&answer, "volume_ids/0"));
}

Answer cloud_get_disk(Cloud *cloud, const char *id)
{
  g_autofree char *target = g_strconcat(EVS_DISKS, id, NULL);
  return cloud_call(cloud, "GET", target, NULL);
}

Answer cloud_delete_disk(Cloud *cloud, const char *id)
{
  g_autofree char *target = g_strconcat(EVS_DISKS, id, NULL);
  return cloud_call(cloud, "DELETE", target, NULL);
}

Answer cloud_evs(Cloud *cloud, const char *method, const char *version, const char *body, const char *format,
                 ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *path = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *target = g_strdup_printf("/evs/%s/" ALPHA_PROJECT "/%s", version, path);
  g_autofree char *text = body ? cloud_quoted(body) : NULL;
  return cloud_call(cloud, method, target, text);
}

void cloud_act_as(Cloud *cloud, const char *actions)
{
  const Account *account = sim_account(cloud->sim, "alpha");
  User *reader = account->users->pdata[1];
  assert_string_equal(reader->name, "reader");
  g_strfreev(reader->actions);
  reader->actions = g_strsplit(actions, " ", -1);
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "reader");
}

guint64 cloud_calls(const Cloud *cloud, const char *op)
{
  return stats_total(cloud->sim->stats, op);
}
