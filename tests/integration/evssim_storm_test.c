/* evs-sim killed at random points of a storm of attaches, detaches, expansions, snapshots and transfers: what it holds, what the
 * kernel holds, what the guests see and what is on the file system agree again each time. */
#include "tests/integration/evssim_client.h"

#include "base/text.h"

#include <sys/stat.h>

enum { DISKS = 12, SERVERS = 3, ROUNDS = 8, CALLS_MAX = 80 };

typedef struct {
  Harness *harness;
  Sim *sim;
  Client *client;
  char *disks[DISKS];
  char *servers[SERVERS];
  GPtrArray *snapshots; /* ids of all there ever were, each followed by its disk's */
  GPtrArray *transfers; /* the same, followed by the key */
} Storm;

static void note_servers(Storm *storm)
{
  for (int i = 0; i < SERVERS; i++) {
    json_t *server = sim_server(storm->sim, (gsize)i);
    assert_string_equal(json_string_value(json_object_get(server, "zone")), "sim-1a");
    storm->servers[i] = g_strdup(json_string_value(json_object_get(server, "id")));
    json_decref(server);
  }
}

/* Any of the cloud's answers is fine: the storm asks for much that it refuses. */
static void expect_taken_or_refused(const Reply *reply)
{
  static const int statuses[] = {200, 202, 400, 404, 413};
  for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
    if (reply->status == statuses[i])
      return;
  fail_msg("answer %d", reply->status);
}

static void move_disk(Storm *storm, GRand *random)
{
  const char *disk = storm->disks[g_rand_int_range(random, 0, DISKS)];
  const char *server = storm->servers[g_rand_int_range(random, 0, SERVERS)];
  gboolean attach = g_rand_boolean(random);
  g_autofree char *path = attach
                            ? g_strdup_printf("/ecs/v1/{p}/cloudservers/%s/attachvolume", server)
                            : g_strdup_printf("/ecs/v1/{p}/cloudservers/%s/detachvolume/%s", server, disk);
  g_autofree char *body =
    attach ? g_strdup_printf("{\"volumeAttachment\":{\"volumeId\":\"%s\"}}", disk) : NULL;
  g_auto(Reply) reply = client_call(storm->client, attach ? "POST" : "DELETE", path, body);
  expect_taken_or_refused(&reply);
}

static void grow_disk(Storm *storm, GRand *random)
{
  const char *disk = storm->disks[g_rand_int_range(random, 0, DISKS)];
  g_autofree char *path = g_strdup_printf("/evs/v2.1/{p}/cloudvolumes/%s/action", disk);
  g_autofree char *body =
    g_strdup_printf("{\"os-extend\":{\"new_size\":%d}}", g_rand_int_range(random, 11, 100));
  g_auto(Reply) reply = client_call(storm->client, "POST", path, body);
  expect_taken_or_refused(&reply);
}

static void take_snapshot(Storm *storm, GRand *random)
{
  const char *disk = storm->disks[g_rand_int_range(random, 0, DISKS)];
  g_autofree char *body = g_strdup_printf("{\"snapshot\":{\"volume_id\":\"%s\",\"force\":true}}", disk);
  g_auto(Reply) reply = client_call(storm->client, "POST", "/evs/v2/{p}/cloudsnapshots", body);
  expect_taken_or_refused(&reply);
  if (reply.status == 202) {
    const json_t *snapshot = json_object_get(reply.json, "snapshot");
    g_ptr_array_add(storm->snapshots, g_strdup(json_string_value(json_object_get(snapshot, "id"))));
    g_ptr_array_add(storm->snapshots, g_strdup(disk));
  }
}

/* Removes a snapshot or rolls its disk back. */
static void use_snapshot(Storm *storm, GRand *random)
{
  if (storm->snapshots->len == 0)
    return;
  guint pair = 2 * (guint)g_rand_int_range(random, 0, (int)storm->snapshots->len / 2);
  const char *id = storm->snapshots->pdata[pair], *disk = storm->snapshots->pdata[pair + 1];
  gboolean back = g_rand_boolean(random);
  g_autofree char *path = g_strdup_printf("/evs/v2/{p}/cloudsnapshots/%s%s", id, back ? "/rollback" : "");
  g_autofree char *body = back ? g_strdup_printf("{\"rollback\":{\"volume_id\":\"%s\"}}", disk) : NULL;
  g_auto(Reply) reply = client_call(storm->client, back ? "POST" : "DELETE", path, body);
  expect_taken_or_refused(&reply);
}

static void offer_disk(Storm *storm, GRand *random)
{
  const char *disk = storm->disks[g_rand_int_range(random, 0, DISKS)];
  g_autofree char *body = g_strdup_printf("{\"transfer\":{\"volume_id\":\"%s\",\"name\":\"n\"}}", disk);
  g_auto(Reply) reply = client_call(storm->client, "POST", "/evs/v2/{p}/os-volume-transfer", body);
  expect_taken_or_refused(&reply);
  if (reply.status == 202) {
    const json_t *transfer = json_object_get(reply.json, "transfer");
    g_ptr_array_add(storm->transfers, g_strdup(json_string_value(json_object_get(transfer, "id"))));
    g_ptr_array_add(storm->transfers, g_strdup(json_string_value(json_object_get(transfer, "auth_key"))));
  }
}

/* Takes a transfer back or accepts it; the disk comes home in any case. */
static void end_transfer(Storm *storm, GRand *random)
{
  if (storm->transfers->len == 0)
    return;
  guint last = storm->transfers->len / 2;
  guint pair = 2 * (guint)g_rand_int_range(random, MAX((int)last - 8, 0), (int)last);
  const char *id = storm->transfers->pdata[pair], *key = storm->transfers->pdata[pair + 1];
  gboolean accept = g_rand_boolean(random);
  g_autofree char *path = g_strdup_printf("/evs/v2/{p}/os-volume-transfer/%s%s", id, accept ? "/accept" : "");
  g_autofree char *body = accept ? g_strdup_printf("{\"accept\":{\"auth_key\":\"%s\"}}", key) : NULL;
  g_auto(Reply) reply = client_call(storm->client, accept ? "POST" : "DELETE", path, body);
  expect_taken_or_refused(&reply);
}

static void random_call(Storm *storm, GRand *random)
{
  static void (*const calls[])(Storm *, GRand *) = {
    move_disk,    move_disk,  move_disk,  move_disk,    grow_disk,    take_snapshot, use_snapshot,
    use_snapshot, offer_disk, offer_disk, end_transfer, end_transfer, end_transfer};
  calls[g_rand_int_range(random, 0, G_N_ELEMENTS(calls))](storm, random);
}

static void restart(Storm *storm)
{
  const SimOptions options = {.state_dir = storm->sim->state_dir};
  process_kill(storm->sim->process);
  storm->sim = sim_start(storm->harness, &options);
  storm->client = client_new(storm->harness, storm->sim->url);
  client_log_in(storm->client, storm->sim->state_dir);
}

static gboolean is_settled(void *data)
{
  Storm *storm = data;
  gboolean settled = TRUE;
  json_t *state = sim_get(storm->sim, "/_sim/state");
  size_t i = 0;
  json_t *disk = NULL;
  json_array_foreach(json_object_get(state, "disks"), i, disk)
  {
    const char *status = json_string_value(json_object_get(disk, "status"));
    settled = settled && (strcmp(status, "available") == 0 || strcmp(status, "in-use") == 0 ||
                          strcmp(status, "awaiting-transfer") == 0);
  }
  json_array_foreach(json_object_get(state, "snapshots"), i, disk)
  {
    settled = settled && strcmp(json_string_value(json_object_get(disk, "status")), "available") == 0;
  }
  json_array_foreach(json_object_get(state, "transfers"), i, disk)
  {
    settled = settled && strcmp(json_string_value(json_object_get(disk, "status")), "pending") == 0;
  }
  json_decref(state);
  return settled;
}

/* Disks of this serial in the server's tree. */
static guint guest_sees(const Storm *storm, const char *server, const char *volume_id, guint *ret_all)
{
  g_autofree char *block = g_build_filename(storm->sim->state_dir, "servers", server, "sys/block", NULL);
  g_autoptr(GDir) directory = g_dir_open(block, 0, NULL);
  const char *name = NULL;
  guint found = 0;
  *ret_all = 0;
  while ((name = g_dir_read_name(directory))) {
    if (strcmp(name, "vda") == 0)
      continue; /* the server's own */
    g_autofree char *path = g_build_filename(block, name, "serial", NULL);
    g_autofree char *serial = NULL;
    assert_true(text_read_file(path, 64, &serial, NULL, NULL));
    found += g_str_has_prefix(volume_id, serial);
    *ret_all += 1;
  }
  return found;
}

/* Each thing has its file of its size, and there are no others. */
static void assert_files(const Storm *storm, const json_t *state, const char *things)
{
  size_t i = 0, files = 0;
  json_t *thing = NULL;
  const json_t *array = json_object_get(state, things);
  json_array_foreach(array, i, thing)
  {
    struct stat status;
    assert_int_equal(stat(json_string_value(json_object_get(thing, "file")), &status), 0);
    assert_int_equal(status.st_size >> 30, json_integer_value(json_object_get(thing, "size")));
  }
  g_autofree char *path = g_build_filename(storm->sim->state_dir, things, NULL);
  g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
  while (g_dir_read_name(directory))
    files++;
  assert_int_equal(files, json_array_size(array));
}

static void assert_all_files(const Storm *storm)
{
  json_t *state = sim_get(storm->sim, "/_sim/state");
  assert_files(storm, state, "disks");
  assert_files(storm, state, "snapshots");
  json_decref(state);
}

/* Each transfer's disk waits for it, and no disk waits for none. */
static void assert_transfers(const Storm *storm)
{
  json_t *state = sim_get(storm->sim, "/_sim/state");
  const json_t *transfers = json_object_get(state, "transfers");
  g_autoptr(GHashTable) offered = g_hash_table_new(g_str_hash, g_str_equal);
  size_t i = 0, waiting = 0;
  json_t *item = NULL;
  json_array_foreach(transfers, i, item)
    assert_true(g_hash_table_add(offered, (gpointer)json_string_value(json_object_get(item, "volume_id"))));
  json_array_foreach(json_object_get(state, "disks"), i, item)
  {
    if (strcmp(json_string_value(json_object_get(item, "status")), "awaiting-transfer") != 0)
      continue;
    assert_true(g_hash_table_contains(offered, json_string_value(json_object_get(item, "id"))));
    waiting++;
  }
  assert_int_equal(waiting, json_array_size(transfers));
  json_decref(state);
}

static void assert_agreement(Storm *storm)
{
  guint attached = 0, shown = 0, all = 0;
  assert_true(wait_until(is_settled, storm, HARNESS_WAIT_MS));
  for (int i = 0; i < DISKS; i++) {
    json_t *disk = sim_disk(storm->sim, storm->disks[i]);
    json_t *attachments = json_object_get(disk, "attachments");
    gboolean in_use = strcmp(json_string_value(json_object_get(disk, "status")), "in-use") == 0;
    assert_int_equal(json_array_size(attachments), in_use ? 1 : 0);
    if (in_use) {
      const char *server = json_string_value(json_object_get(json_array_get(attachments, 0), "server_id"));
      assert_int_equal(guest_sees(storm, server, storm->disks[i], &all), 1);
      attached++;
    }
    json_decref(disk);
  }
  for (int i = 0; i < SERVERS; i++) {
    (void)guest_sees(storm, storm->servers[i], storm->disks[0], &all);
    shown += all;
  }
  assert_int_equal(sim_loops(storm->sim), attached);
  assert_int_equal(shown, attached);
  assert_all_files(storm);
  assert_transfers(storm);
}

static void a_storm_with_kills_leaves_no_contradiction(void **state)
{
  Storm storm = {.harness = *state,
                 .snapshots = g_ptr_array_new_with_free_func(g_free),
                 .transfers = g_ptr_array_new_with_free_func(g_free)};
  storm.client = client_start(*state, NULL, &storm.sim);
  note_servers(&storm);
  for (int i = 0; i < DISKS; i++)
    storm.disks[i] = client_make_disk(storm.client, storm.sim);
  GRand *random = g_rand_new_with_seed(5);
  for (int round = 0; round < ROUNDS; round++) {
    for (int calls = g_rand_int_range(random, 5, CALLS_MAX); calls > 0; calls--)
      random_call(&storm, random);
    restart(&storm);
    assert_agreement(&storm);
  }
  assert_true(storm.transfers->len > 0); /* snapshots forbid most */
  g_rand_free(random);
  g_ptr_array_unref(storm.snapshots);
  g_ptr_array_unref(storm.transfers);
  for (int i = 0; i < DISKS; i++)
    g_free(storm.disks[i]);
  for (int i = 0; i < SERVERS; i++)
    g_free(storm.servers[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_storm_with_kills_leaves_no_contradiction, harness_setup,
                                    harness_teardown),
  };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  curl_global_cleanup();
  return failed;
}
