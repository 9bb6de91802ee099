/* evs-sim killed at random points of a storm of attaches and detaches: what it holds, what the kernel holds and what
 * the guests see agree again each time. */
#include "tests/integration/evssim_client.h"

#include "base/text.h"

enum { DISKS = 12, SERVERS = 3, ROUNDS = 8, CALLS_MAX = 80 };

typedef struct {
  Harness *harness;
  Sim *sim;
  Client *client;
  char *disks[DISKS];
  char *servers[SERVERS];
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
static void random_call(Storm *storm, GRand *random)
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
  assert_true(reply.status == 200 || reply.status == 400);
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
    settled = settled && (strcmp(status, "available") == 0 || strcmp(status, "in-use") == 0);
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
}

static void a_storm_with_kills_leaves_no_contradiction(void **state)
{
  Storm storm = {.harness = *state};
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
  g_rand_free(random);
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
