/* evs-sim killed in the middle of a transfer's calls, before or after they took effect: whoever asks afterwards is told of
 * a transfer and a disk that fit each other, and can go on; the bytes are never touched. */
#include "tests/integration/evssim_client.h"

#include <fcntl.h>
#include <signal.h>

#define ALPHA "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define BETA "1f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define TRANSFERS "/evs/v2/{p}/os-volume-transfer"
#define BYTES "what must not be lost"

static const char accounts[] =
  "{\"format\":1,\"cloud\":\"sim.test\",\"region\":\"sim-1\",\"zones\":[{\"name\":\"sim-1a\",\"types\":["
  "\"SSD\"]}],"
  "\"accounts\":[{\"name\":\"alpha\",\"domain_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
  "\"projects\":[{\"id\":\"" ALPHA "\",\"name\":\"sim-1\"}],"
  "\"users\":[{\"name\":\"a\",\"password\":\"pw-a\",\"actions\":[\"*\"]}]},"
  "{\"name\":\"beta\",\"domain_id\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
  "\"projects\":[{\"id\":\"" BETA "\",\"name\":\"sim-1\"}],"
  "\"users\":[{\"name\":\"b\",\"password\":\"pw-b\",\"actions\":[\"*\"]}]}]}";

typedef enum { CREATE, ACCEPT, DELETE_TRANSFER } Step;

typedef struct {
  Harness *harness;
  Sim *sim;
  Client *giver, *taker;
  char *disk, *transfer, *key;
} World;

static void meet(World *world)
{
  world->giver = client_new(world->harness, world->sim->url);
  world->taker = client_new(world->harness, world->sim->url);
  world->giver->fresh = world->taker->fresh = TRUE;
  client_log_in_as(world->giver, "alpha", "a", "pw-a", ALPHA);
  client_log_in_as(world->taker, "beta", "b", "pw-b", BETA);
}

static Reply take(World *world, Step step)
{
  g_autofree char *path = NULL, *body = NULL;
  switch (step) {
  case CREATE:
    body = g_strdup_printf("{\"transfer\":{\"volume_id\":\"%s\",\"name\":\"n\"}}", world->disk);
    return client_call(world->giver, "POST", TRANSFERS, body);
  case ACCEPT:
    path = g_strdup_printf(TRANSFERS "/%s/accept", world->transfer);
    body = g_strdup_printf("{\"accept\":{\"auth_key\":\"%s\"}}", world->key);
    return client_call(world->taker, "POST", path, body);
  case DELETE_TRANSFER:
  default:
    path = g_strdup_printf(TRANSFERS "/%s", world->transfer);
    return client_call(world->giver, "DELETE", path, NULL);
  }
}

static void expect(World *world, Step step, int status)
{
  g_auto(Reply) reply = take(world, step);
  reply_expect(&reply, status);
}

static void create(World *world)
{
  g_auto(Reply) reply = take(world, CREATE);
  reply_expect(&reply, 202);
  const json_t *transfer = json_object_get(reply.json, "transfer");
  g_free(world->transfer);
  g_free(world->key);
  world->transfer = g_strdup(json_string_value(json_object_get(transfer, "id")));
  world->key = g_strdup(json_string_value(json_object_get(transfer, "auth_key")));
}

static void begin(World *world, Harness *harness)
{
  const SimOptions options = {.accounts = accounts};
  *world = (World){.harness = harness, .sim = sim_start(harness, &options)};
  meet(world);
  world->disk = client_make_disk(world->giver, world->sim);
  g_autofree char *file = sim_disk_file(world->sim, world->disk);
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  assert_int_equal(write(fd, BYTES, strlen(BYTES)), strlen(BYTES));
  close(fd);
}

static void end(World *world)
{
  g_autofree char *file = sim_disk_file(world->sim, world->disk);
  char bytes[sizeof BYTES] = "";
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  assert_int_equal(read(fd, bytes, strlen(BYTES)), strlen(BYTES));
  close(fd);
  assert_string_equal(bytes, BYTES);
  g_free(world->disk);
  g_free(world->transfer);
  g_free(world->key);
}

/* Lets the simulator kill itself at this step, and starts the next on its state. */
static void die_at(World *world, Step step, const char *when)
{
  static const char *const ops[] = {"7.4.1", "7.4.2", "7.4.3"};
  g_autofree char *fault =
    g_strdup_printf("{\"match\":{\"op\":\"%s\"},\"action\":{\"kind\":\"kill\",\"pid\":%d,\"when\":\"%s\"}}",
                    ops[step], process_pid(world->sim->process), when);
  g_free(sim_fault(world->sim, fault));
  g_auto(Reply) reply = take(world, step);
  assert_int_not_equal(reply.result, CURLE_OK);
  assert_int_equal(process_wait_exit(world->sim->process, HARNESS_WAIT_MS), 128 + SIGKILL);
  const SimOptions options = {.state_dir = world->sim->state_dir, .accounts = accounts};
  world->sim = sim_start(world->harness, &options);
  meet(world);
}

static void expect_disk(const World *world, const char *account, const char *status)
{
  sim_wait_disk_status(world->sim, world->disk, status);
  json_t *disk = sim_disk(world->sim, world->disk);
  assert_string_equal(json_string_value(json_object_get(disk, "account")), account);
  json_decref(disk);
}

static gsize listed(const World *world)
{
  g_auto(Reply) reply = client_call(world->giver, "GET", TRANSFERS "/detail", NULL);
  reply_expect(&reply, 200);
  return json_array_size(json_object_get(reply.json, "transfers"));
}

/* ---- create ---- */

static void a_create_that_never_was(void **state)
{
  World world;
  begin(&world, *state);
  die_at(&world, CREATE, "before");
  expect_disk(&world, "alpha", "available");
  assert_int_equal(listed(&world), 0);
  create(&world);
  expect(&world, ACCEPT, 202);
  expect_disk(&world, "beta", "available");
  end(&world);
}

/* Its key is lost: it is deleted and made anew. */
static void a_create_whose_answer_is_lost(void **state)
{
  World world;
  begin(&world, *state);
  die_at(&world, CREATE, "after");
  expect_disk(&world, "alpha", "awaiting-transfer");
  assert_int_equal(listed(&world), 1);
  expect(&world, CREATE, 400);
  g_auto(Reply) list = client_call(world.giver, "GET", TRANSFERS, NULL);
  const json_t *own = json_array_get(json_object_get(list.json, "transfers"), 0);
  world.transfer = g_strdup(json_string_value(json_object_get(own, "id")));
  expect(&world, DELETE_TRANSFER, 202);
  expect_disk(&world, "alpha", "available");
  create(&world);
  expect(&world, ACCEPT, 202);
  expect_disk(&world, "beta", "available");
  end(&world);
}

/* ---- accept ---- */

static void an_accept_that_never_was(void **state)
{
  World world;
  begin(&world, *state);
  create(&world);
  die_at(&world, ACCEPT, "before");
  expect_disk(&world, "alpha", "awaiting-transfer");
  expect(&world, ACCEPT, 202);
  expect_disk(&world, "beta", "available");
  assert_int_equal(listed(&world), 0);
  end(&world);
}

static void an_accept_whose_answer_is_lost(void **state)
{
  World world;
  begin(&world, *state);
  create(&world);
  die_at(&world, ACCEPT, "after");
  expect_disk(&world, "beta", "available");
  expect(&world, ACCEPT, 400);
  expect(&world, DELETE_TRANSFER, 404);
  assert_int_equal(listed(&world), 0);
  end(&world);
}

/* ---- delete ---- */

static void a_delete_that_never_was(void **state)
{
  World world;
  begin(&world, *state);
  create(&world);
  die_at(&world, DELETE_TRANSFER, "before");
  expect_disk(&world, "alpha", "awaiting-transfer");
  expect(&world, DELETE_TRANSFER, 202);
  expect_disk(&world, "alpha", "available");
  end(&world);
}

static void a_delete_whose_answer_is_lost(void **state)
{
  World world;
  begin(&world, *state);
  create(&world);
  die_at(&world, DELETE_TRANSFER, "after");
  expect_disk(&world, "alpha", "available");
  assert_int_equal(listed(&world), 0);
  expect(&world, ACCEPT, 404);
  expect(&world, DELETE_TRANSFER, 404);
  end(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_create_that_never_was),  TEST(a_create_whose_answer_is_lost),
    TEST(an_accept_that_never_was), TEST(an_accept_whose_answer_is_lost),
    TEST(a_delete_that_never_was),  TEST(a_delete_whose_answer_is_lost),
  };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  curl_global_cleanup();
  return failed;
}
