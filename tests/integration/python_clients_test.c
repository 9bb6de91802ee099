/* Debian's python3-openstackclient and python3-cinderclient against evs-sim: what was written for OpenStack's Cinder finds
 * its way in and can make, grow, copy, hand over and remove disks. Skipped where they are not installed; not under CI. */
#include "tests/harness/sim.h"

#include <stdarg.h>

#define PROJECT_A "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define PROJECT_B "1f1e2d3c4b5a69788796a5b4c3d2e1f0"

enum { CLIENT_MS = 120000 }; /* they start slowly, and the machine may be busy */

static const char accounts[] =
  "{\"format\":1,\"cloud\":\"sim.test\",\"region\":\"sim-1\","
  "\"zones\":[{\"name\":\"sim-1a\",\"types\":[\"SAS\",\"SSD\"],\"sold_out\":[]}],\"accounts\":["
  "{\"name\":\"alpha\",\"domain_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"projects\":[{\"id\":\"" PROJECT_A
  "\",\"name\":\"sim-1\"}],\"users\":[{\"name\":\"ann\",\"password\":\"pw-ann\",\"keys\":[],\"actions\":[\"*"
  "\"]}]},"
  "{\"name\":\"beta\",\"domain_id\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\"projects\":[{\"id\":\"" PROJECT_B
  "\",\"name\":\"sim-1\"}],\"users\":[{\"name\":\"bob\",\"password\":\"pw-bob\",\"keys\":[],\"actions\":[\"*"
  "\"]}]}]}";

typedef struct {
  Harness *harness;
  Sim *sim;
} Fixture;

static void act_as(const Sim *sim, const char *user, const char *password, const char *domain)
{
  g_autofree char *url = g_strconcat(sim->url, "/iam/v3", NULL);
  const struct {
    const char *name, *value;
  } variables[] = {{"OS_AUTH_URL", url},
                   {"OS_USERNAME", user},
                   {"OS_PASSWORD", password},
                   {"OS_USER_DOMAIN_NAME", domain},
                   {"OS_PROJECT_DOMAIN_NAME", domain},
                   {"OS_PROJECT_NAME", "sim-1"},
                   {"OS_REGION_NAME", "sim-1"},
                   {"OS_IDENTITY_API_VERSION", "3"},
                   {"OS_VOLUME_API_VERSION", "3"},
                   {"NO_PROXY", "127.0.0.1"}};
  for (gsize i = 0; i < G_N_ELEMENTS(variables); i++)
    g_setenv(variables[i].name, variables[i].value, TRUE);
}

static void act_as_ann(const Fixture *fixture)
{
  act_as(fixture->sim, "ann", "pw-ann", "alpha");
}

static void act_as_bob(const Fixture *fixture)
{
  act_as(fixture->sim, "bob", "pw-bob", "beta");
}

/* Skips the test, or fails it under CI, unless the program is there. */
static void need(const char *program, const char *package)
{
  g_autofree char *path = g_find_program_in_path(program);
  if (path)
    return;
  if (g_strcmp0(g_getenv("CI"), "true") == 0)
    fail_msg("'%s' is missing: install %s", program, package);
  print_message("skipped: no '%s' here (%s)\n", program, package);
  skip();
}

static Fixture setup(void **state, const char *program, const char *package)
{
  const SimOptions options = {.accounts = accounts};
  need(program, package);
  Fixture fixture = {.harness = *state, .sim = sim_start(*state, &options)};
  act_as_ann(&fixture);
  return fixture;
}

/* What the command wrote; it must succeed. Arguments end with NULL. Newly allocated. */
static char *run(const Fixture *fixture, const char *program, ...) G_GNUC_NULL_TERMINATED;
static char *run(const Fixture *fixture, const char *program, ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  va_list arguments;
  va_start(arguments, program);
  for (const char *argument = program; argument; argument = va_arg(arguments, const char *))
    g_ptr_array_add(argv, (char *)argument);
  va_end(arguments);
  g_ptr_array_add(argv, NULL);
  Process *process = process_start(fixture->harness, (const char *const *)argv->pdata);
  int status = process_wait_exit(process, CLIENT_MS);
  if (status != 0) {
    g_autofree char *complaint = process_stderr(process);
    g_autofree char *calls = sim_describe_calls(fixture->sim);
    fail_msg("'%s' ended with %d after %s:\n%s", program, status, calls, complaint);
  }
  return process_stdout(process);
}

/* A member of the object that openstackclient printed. Newly allocated. */
static char *member(const char *printed, const char *key)
{
  json_error_t error;
  json_t *object = json_loads(printed, 0, &error);
  const char *text = json_string_value(json_object_get(object, key));
  if (!text)
    fail_msg("no '%s' in: %s", key, printed);
  char *copy = g_strdup(text);
  json_decref(object);
  return copy;
}

/* The value beside a key in the table that cinderclient printed: "| id | 4711 |". Newly allocated. */
static char *cell(const char *printed, const char *key)
{
  g_auto(GStrv) lines = g_strsplit(printed, "\n", -1);
  for (char **line = lines; *line; line++) {
    g_auto(GStrv) cells = g_strsplit(*line, "|", -1);
    if (g_strv_length(cells) >= 3 && g_str_equal(g_strstrip(cells[1]), key))
      return g_strdup(g_strstrip(cells[2]));
  }
  fail_msg("no '%s' in: %s", key, printed);
  return NULL;
}

static void expect_size(const Fixture *fixture, const char *id, int size)
{
  sim_wait_disk_status(fixture->sim, id, "available");
  json_t *disk = sim_disk(fixture->sim, id);
  assert_int_equal(json_integer_value(json_object_get(disk, "size")), size);
  json_decref(disk);
}

typedef struct {
  const Sim *sim;
  gsize count;
} SnapshotWait;

static gboolean has_available_snapshots(void *data)
{
  const SnapshotWait *wait = data;
  json_t *state = sim_get(wait->sim, "/_sim/state"), *row;
  const json_t *rows = json_object_get(state, "snapshots");
  gsize index, available = 0;
  json_array_foreach(rows, index, row) available +=
    g_strcmp0(json_string_value(json_object_get(row, "status")), "available") == 0;
  gboolean reached = available == wait->count && json_array_size(rows) == wait->count;
  json_decref(state);
  return reached;
}

static void expect_snapshots(const Fixture *fixture, gsize count)
{
  SnapshotWait wait = {.sim = fixture->sim, .count = count};
  assert_true(wait_until(has_available_snapshots, &wait, HARNESS_WAIT_MS));
}

static void expect_account(const Fixture *fixture, const char *id, const char *account)
{
  sim_wait_disk_status(fixture->sim, id, "available");
  json_t *disk = sim_disk(fixture->sim, id);
  assert_string_equal(json_string_value(json_object_get(disk, "account")), account);
  json_decref(disk);
}

/* Each act arrived once, and as what it was meant. */
static void expect_calls(const Fixture *fixture)
{
  static const char *const ops[] = {"v3.7.1.1", "v3.7.1.10", "v3.7.2.1", "v3.7.2.2",
                                    "v3.7.4.1", "v3.7.4.2",  "v3.7.1.2"};
  for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
    if (sim_calls(fixture->sim, ops[i]) != 1) {
      g_autofree char *calls = sim_describe_calls(fixture->sim);
      fail_msg("not one %s: %s", ops[i], calls);
    }
  assert_int_equal(sim_calls(fixture->sim, "unknown"), 0);
}

static void openstackclient_uses_disks(void **state)
{
  const Fixture fixture = setup(state, "openstack", "python3-openstackclient");
  g_autofree char *made =
    run(&fixture, "openstack", "volume", "create", "--size", "10", "--type", "SSD", "--availability-zone",
        "sim-1a", "--property", "k=v", "-f", "json", "one", NULL);
  g_autofree char *id = member(made, "id"), *status = member(made, "status"), *type = member(made, "type");
  assert_string_equal(status, "creating");
  assert_string_equal(type, "SSD");
  expect_size(&fixture, id, 10);
  g_free(run(&fixture, "openstack", "volume", "set", "--size", "12", id, NULL));
  expect_size(&fixture, id, 12);
  g_autofree char *taken =
    run(&fixture, "openstack", "volume", "snapshot", "create", "--volume", id, "-f", "json", "snap", NULL);
  g_autofree char *snapshot_id = member(taken, "id"), *source = member(taken, "volume_id");
  assert_string_equal(source, id);
  expect_snapshots(&fixture, 1);
  g_free(run(&fixture, "openstack", "volume", "snapshot", "delete", snapshot_id, NULL));
  expect_snapshots(&fixture, 0);
  g_autofree char *offered =
    run(&fixture, "openstack", "volume", "transfer", "request", "create", "-f", "json", id, NULL);
  g_autofree char *transfer_id = member(offered, "id"), *key = member(offered, "auth_key");
  act_as_bob(&fixture);
  g_autofree char *accepted = run(&fixture, "openstack", "volume", "transfer", "request", "accept",
                                  "--auth-key", key, "-f", "json", transfer_id, NULL);
  g_autofree char *accepted_id = member(accepted, "volume_id");
  assert_string_equal(accepted_id, id);
  expect_account(&fixture, id, "beta");
  g_free(run(&fixture, "openstack", "volume", "delete", id, NULL));
  sim_wait_disk_status(fixture.sim, id, "gone");
  expect_calls(&fixture);
}

static void cinderclient_uses_disks(void **state)
{
  const Fixture fixture = setup(state, "cinder", "python3-cinderclient");
  g_autofree char *made = run(&fixture, "cinder", "create", "--name", "one", "--volume-type", "SSD",
                              "--availability-zone", "sim-1a", "10", NULL);
  g_autofree char *id = cell(made, "id"), *status = cell(made, "status");
  assert_string_equal(status, "creating");
  expect_size(&fixture, id, 10);
  g_free(run(&fixture, "cinder", "metadata", id, "set", "k=v", NULL));
  g_free(run(&fixture, "cinder", "extend", id, "12", NULL));
  expect_size(&fixture, id, 12);
  g_autofree char *taken = run(&fixture, "cinder", "snapshot-create", "--name", "snap", id, NULL);
  g_autofree char *snapshot_id = cell(taken, "id");
  expect_snapshots(&fixture, 1);
  g_free(run(&fixture, "cinder", "snapshot-delete", snapshot_id, NULL));
  expect_snapshots(&fixture, 0);
  g_autofree char *shown = run(&fixture, "cinder", "show", id, NULL);
  g_autofree char *metadata = cell(shown, "metadata"), *size = cell(shown, "size");
  assert_string_equal(metadata, "k : v");
  assert_string_equal(size, "12");
  g_autofree char *offered = run(&fixture, "cinder", "transfer-create", id, NULL);
  g_autofree char *transfer_id = cell(offered, "id"), *key = cell(offered, "auth_key");
  act_as_bob(&fixture);
  g_free(run(&fixture, "cinder", "transfer-accept", transfer_id, key, NULL));
  expect_account(&fixture, id, "beta");
  g_free(run(&fixture, "cinder", "delete", id, NULL));
  sim_wait_disk_status(fixture.sim, id, "gone");
  assert_int_equal(sim_calls(fixture.sim, "v3.7.5.1"), 1);
  expect_calls(&fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(openstackclient_uses_disks, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(cinderclient_uses_disks, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
