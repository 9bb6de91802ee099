/* evs-sim killed in the middle of a request, before or after it took effect: the next one on the same state goes on as if
 * nothing had been, never does a thing twice, and leaves nothing behind. */
#include "tests/integration/evssim_client.h"

#include <signal.h>

#define TOKEN "0b9c7c1e-5a55-4f5e-9d7a-0d9c1a2b3c4d"

typedef struct {
  Harness *harness;
  Sim *sim;
  Client *client;
  char *state_dir, *disk, *server;
} World;

/* What is done when the end comes. */
typedef enum { CREATE, ATTACH, DETACH, DELETE_DISK } Step;

static const char *const ops[] = {"6.1.1", "ecs.attach", "ecs.detach", "6.1.6"};

static Reply take(World *world, Step step)
{
  g_autofree char *path = NULL, *body = NULL;
  switch (step) {
  case CREATE:
    return client_call(world->client, "POST", "/evs/v2.1/{p}/cloudvolumes", GOOD_DISK);
  case ATTACH:
    path = g_strdup_printf("/ecs/v1/{p}/cloudservers/%s/attachvolume", world->server);
    body = g_strdup_printf("{\"volumeAttachment\":{\"volumeId\":\"%s\"}}", world->disk);
    return client_call(world->client, "POST", path, body);
  case DETACH:
    path = g_strdup_printf("/ecs/v1/{p}/cloudservers/%s/detachvolume/%s", world->server, world->disk);
    return client_call(world->client, "DELETE", path, NULL);
  case DELETE_DISK:
  default:
    path = g_strdup_printf("/evs/v2/{p}/cloudvolumes/%s", world->disk);
    return client_call(world->client, "DELETE", path, NULL);
  }
}

/* Lets the simulator kill itself at this step, and starts the next on its state. */
static void die_at(World *world, Step step, const char *when)
{
  g_autofree char *fault =
    g_strdup_printf("{\"match\":{\"op\":\"%s\"},\"action\":{\"kind\":\"kill\",\"pid\":%d,\"when\":\"%s\"}}",
                    ops[step], process_pid(world->sim->process), when);
  g_free(sim_fault(world->sim, fault));
  g_auto(Reply) reply = take(world, step);
  assert_int_not_equal(reply.result, CURLE_OK);
  assert_int_equal(process_wait_exit(world->sim->process, HARNESS_WAIT_MS), 128 + SIGKILL);
  const SimOptions options = {.state_dir = world->state_dir};
  world->sim = sim_start(world->harness, &options);
  world->client = client_new(world->harness, world->sim->url);
  world->client->client_token = TOKEN;
  world->client->fresh = TRUE;
  client_log_in(world->client, world->state_dir);
}

static void begin(World *world, Harness *harness)
{
  *world = (World){.harness = harness};
  world->client = client_start(harness, NULL, &world->sim);
  world->client->client_token = TOKEN;
  world->client->fresh = TRUE;
  world->state_dir = g_strdup(world->sim->state_dir);
}

static void end(World *world)
{
  g_free(world->state_dir);
  g_free(world->disk);
  g_free(world->server);
}

static char *file_names(const World *world)
{
  g_autofree char *path = g_build_filename(world->state_dir, "disks", NULL);
  GDir *directory = g_dir_open(path, 0, NULL);
  GString *names = g_string_new(NULL);
  const char *name;
  while ((name = g_dir_read_name(directory)) != NULL)
    g_string_append_printf(names, "%s ", name);
  g_dir_close(directory);
  return g_string_free(names, FALSE);
}

static void one_life(Harness *harness, const char *when)
{
  World world;
  gboolean after = strcmp(when, "after") == 0;
  begin(&world, harness);
  die_at(&world, CREATE, when);
  assert_int_equal(sim_disk_count(world.sim), after ? 1 : 0);
  g_auto(Reply) created = take(&world, CREATE); /* the same token: the same disk */
  reply_expect(&created, 202);
  world.disk = g_strdup(json_string_value(json_array_get(json_object_get(created.json, "volume_ids"), 0)));
  sim_wait_disk_status(world.sim, world.disk, "available");
  assert_int_equal(sim_disk_count(world.sim), 1);
  g_autofree char *files = file_names(&world), *file = g_strconcat(world.disk, ".img ", NULL);
  assert_string_equal(files, file);

  json_t *server = sim_server(world.sim, 0);
  world.server = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  static const struct {
    Step step;
    const char *status; /* when it is done */
    int loops;
  } steps[] = {{ATTACH, "in-use", 1}, {DETACH, "available", 0}, {DELETE_DISK, "gone", 0}};
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
    die_at(&world, steps[i].step, when);
    if (!after) {
      g_auto(Reply) again = take(&world, steps[i].step);
      reply_expect(&again, 200);
    }
    sim_wait_disk_status(world.sim, world.disk, steps[i].status);
    assert_int_equal(sim_loops(world.sim), steps[i].loops);
  }
  g_autofree char *none = file_names(&world);
  assert_string_equal(none, "");
  end(&world);
}

static void killed_before_the_effect(void **state)
{
  one_life(*state, "before");
}

static void killed_after_the_effect(void **state)
{
  one_life(*state, "after");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(killed_before_the_effect),
    TEST(killed_after_the_effect),
  };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  curl_global_cleanup();
  return failed;
}
