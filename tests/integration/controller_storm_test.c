/* Many volumes at once: how few calls to the cloud that takes. */
#include "tests/integration/controller_support.h"

#include "base/clock.h"

enum { STORM = 100, NAMES_ALONE = 3, OLD_DISKS = 1200, DISKS_AT_ONCE = 100 };
enum { TICK_MS = 150 }; /* between two lists, at least: at the ends of a storm one may wait alone */

#define SECONDS_LONG "{\"jobs\":{\"createVolume\":{\"median_ms\":2000,\"sigma\":0.2}}}"

/* Creates volumes of all names at once: what it took, and how long. */
static gint64 create_storm(const Plugin *controller, Call calls[STORM])
{
  gint64 start = clock_now_us();
  for (gsize i = 0; i < STORM; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%zu", i);
    calls[i] = (Call){.plugin = controller, .method = "CreateVolume", .request = create_request(name)};
  }
  calls_run(calls, STORM);
  for (gsize i = 0; i < STORM; i++)
    call_assert_ok(&calls[i]);
  return (clock_now_us() - start) / 1000;
}

static void storm_clear(Call calls[STORM])
{
  for (gsize i = 0; i < STORM; i++)
    call_clear(&calls[i]);
}

/* One POST each; the rest is lists, one per tick, whatever they are for. */
static void creates_at_once_share_the_sweeps_lists(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SECONDS_LONG});
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  sim_reset_calls(sim);
  Call calls[STORM];
  gint64 took_ms = create_storm(controller, calls);
  assert_int_equal(sim_calls(sim, "6.1.1"), STORM);
  assert_calls_at_most(sim, "6.1.3", NAMES_ALONE + took_ms / TICK_MS + 2);
  assert_calls_at_most(sim, "6.1.4", 0);
  assert_calls_at_most(sim, NULL, STORM + NAMES_ALONE + took_ms / TICK_MS + 2 + 3);
  assert_int_equal(sim_disk_count(sim), STORM);
  storm_clear(calls);
}

/* The controller is killed; the next one finds all disks with few lists and makes none. */
static void a_restarted_controller_finds_them_with_few_lists(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  Call first[STORM], second[STORM];
  create_storm(controller, first);
  process_kill(controller->process);
  Plugin *restarted = controller_start_quiet(harness, sim, &(PluginOptions){.same_as = controller});
  sim_reset_calls(sim);
  gint64 took_ms = create_storm(restarted, second);
  for (gsize i = 0; i < STORM; i++)
    assert_string_equal(call_volume_id(&first[i]), call_volume_id(&second[i]));
  assert_int_equal(sim_calls(sim, "6.1.1"), 0);
  assert_calls_at_most(sim, NULL, NAMES_ALONE + took_ms / TICK_MS + 2);
  assert_int_equal(sim_disk_count(sim), STORM);
  storm_clear(first);
  storm_clear(second);
}

/* Disks of somebody else's, made by evsctl. */
static void make_old_disks(Harness *harness, const Sim *sim, int count)
{
  g_autofree char *body = g_strdup_printf(
    "{\"volume\":{\"availability_zone\":\"sim-1a\",\"volume_type\":\"SSD\",\"size\":10,\"name\":\"old\","
    "\"count\":%d}}",
    DISKS_AT_ONCE);
  for (int made = 0; made < count; made += DISKS_AT_ONCE) {
    Process *create = process_start_list(harness, "evsctl", "--cloud-config", sim->cloud_config, "api",
                                         "POST", "/v2.1/{project}/cloudvolumes", "--data", body, NULL);
    assert_int_equal(process_wait_exit(create, HARNESS_WAIT_MS), 0);
  }
}

/* The list has two pages: both are read once, and then the newest alone. */
static void a_project_of_many_disks(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SECONDS_LONG});
  make_old_disks(harness, sim, OLD_DISKS);
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  sim_reset_calls(sim);
  Call calls[STORM];
  gint64 took_ms = create_storm(controller, calls);
  assert_int_equal(sim_calls(sim, "6.1.1"), STORM);
  assert_calls_at_most(sim, "6.1.3", NAMES_ALONE + 1 + took_ms / TICK_MS + 2);
  assert_calls_at_most(sim, "6.1.4", 0);
  assert_int_equal(sim_disk_count(sim), OLD_DISKS + STORM);
  storm_clear(calls);
}

/* A snapshot of each disk: the names before and after the request and the disks are looked for in shared lists. */
static void snapshots_at_once_share_lists(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = "{\"list_lag_ms\":1000}"});
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  Call disks[STORM], calls[STORM] = {0};
  create_storm(controller, disks);
  for (gsize i = 0; i < STORM; i++) {
    g_autofree char *name = g_strdup_printf("snap-%zu", i);
    calls[i] = (Call){.plugin = controller,
                      .method = "CreateSnapshot",
                      .request = snapshot_request(name, call_volume_id(&disks[i]))};
  }
  sim_reset_calls(sim);
  gint64 start = clock_now_us();
  calls_run(calls, STORM);
  gint64 ticks = (clock_now_us() - start) / 1000 / TICK_MS + 2;
  for (gsize i = 0; i < STORM; i++)
    call_assert_ok(&calls[i]);
  assert_int_equal(sim_calls(sim, "6.2.1"), STORM);
  assert_int_equal(sim_snapshot_count(sim), STORM);
  assert_calls_at_most(sim, "6.1.4", 0);
  assert_calls_at_most(sim, "6.1.3", ticks);
  assert_calls_at_most(sim, "6.2.4", NAMES_ALONE + ticks);
  storm_clear(disks);
  storm_clear(calls);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(creates_at_once_share_the_sweeps_lists),
    TEST(a_restarted_controller_finds_them_with_few_lists),
    TEST(a_project_of_many_disks),
    TEST(snapshots_at_once_share_lists),
  };
  return cmocka_run_group_tests_name("controller_storm", tests, NULL, NULL);
}
