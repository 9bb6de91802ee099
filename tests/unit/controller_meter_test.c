/* The controller's metrics: all there from the start, each counted under its name, disks that hang by the transits. */
#include "base/metrics.h"
#include "controller/meter.h"
#include "tests/unit/cmocka_all.h"

enum { STUCK_MS = 120 * 1000 };

static gint64 test_now_us;

static gint64 test_clock(void)
{
  return test_now_us;
}

static void expect_page(const char *text)
{
  g_autofree char *page = metrics_render();
  if (!strstr(page, text))
    fail_msg("'%s' is not in:\n%s", text, page);
}

static Controller controller;

static int setup(void **state)
{
  (void)state;
  controller.transits = transits_new(STUCK_MS, test_clock);
  controller_meter_begin(&controller);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  controller_meter_end(&controller);
  transits_free(controller.transits);
  return 0;
}

static void all_begin_at_nothing(void **state)
{
  (void)state;
  static const char *const lines[] = {
    "evs_controller_duplicate_disks_total 0",
    "evs_controller_duplicate_snapshots_total 0",
    "evs_controller_forced_detaches_total 0",
    "evs_controller_leftover_snapshots_removed_total 0",
    "evs_controller_snapshot_removals_failed_total 0",
    "evs_controller_leftover_snapshots 0",
    "evs_controller_stuck_total{operation=\"attach disk\"} 0",
    "evs_controller_stuck_total{operation=\"detach disk\"} 0",
    "evs_controller_stuck_disks{status=\"attaching\"} 0\nevs_controller_stuck_disks{status=\"detaching\"} 0",
    "evs_config_reloads_total{result=\"failed\"} 0\nevs_config_reloads_total{result=\"ok\"} 0",
    "evs_config_last_reload_successful 1",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
    g_autofree char *line = g_strdup_printf("\n%s\n", lines[i]);
    expect_page(line);
  }
}

static void each_is_counted_under_its_name(void **state)
{
  (void)state;
  controller_meter_duplicate_disks(2);
  controller_meter_duplicate_snapshots(3);
  controller_meter_forced_detach();
  controller_meter_stuck("detach disk");
  controller_meter_leftovers(4);
  controller_meter_leftover_removed();
  controller_meter_snapshot_kept();
  expect_page("\nevs_controller_duplicate_disks_total 2\n");
  expect_page("\nevs_controller_duplicate_snapshots_total 3\n");
  expect_page("\nevs_controller_forced_detaches_total 1\n");
  expect_page("\nevs_controller_stuck_total{operation=\"attach disk\"} 0\n");
  expect_page("\nevs_controller_stuck_total{operation=\"detach disk\"} 1\n");
  expect_page("\nevs_controller_leftover_snapshots 4\n");
  expect_page("\nevs_controller_leftover_snapshots_removed_total 1\n");
  expect_page("\nevs_controller_snapshot_removals_failed_total 1\n");
}

static double loaded_at(void)
{
  static const char name[] = "\nevs_config_last_reload_success_timestamp_seconds ";
  g_autofree char *page = metrics_render();
  const char *at = strstr(page, name);
  assert_non_null(at);
  return g_ascii_strtod(at + strlen(name), NULL);
}

static void an_unreadable_config_shows(void **state)
{
  (void)state;
  double started = loaded_at();
  assert_true(started > 1.5e9);
  controller_meter_reload(FALSE);
  expect_page("\nevs_config_last_reload_successful 0\n");
  expect_page("\nevs_config_reloads_total{result=\"failed\"} 1\nevs_config_reloads_total{result=\"ok\"} 0\n");
  assert_true(loaded_at() == started);
  controller_meter_reload(TRUE);
  expect_page("\nevs_config_last_reload_successful 1\n");
  expect_page("\nevs_config_reloads_total{result=\"failed\"} 1\nevs_config_reloads_total{result=\"ok\"} 1\n");
  assert_true(loaded_at() >= started);
}

static void disks_that_hang_are_counted(void **state)
{
  (void)state;
  transits_begin(controller.transits, "a", "attaching");
  transits_begin(controller.transits, "b", "detaching");
  test_now_us += (STUCK_MS - 1) * 1000;
  transits_begin(controller.transits, "c", "detaching");
  expect_page("{status=\"attaching\"} 0\nevs_controller_stuck_disks{status=\"detaching\"} 0\n");
  test_now_us += 1000;
  expect_page("{status=\"attaching\"} 1\nevs_controller_stuck_disks{status=\"detaching\"} 1\n");
  test_now_us += STUCK_MS * 1000;
  expect_page("{status=\"attaching\"} 1\nevs_controller_stuck_disks{status=\"detaching\"} 2\n");
  transits_end(controller.transits, "c");
  expect_page("{status=\"attaching\"} 1\nevs_controller_stuck_disks{status=\"detaching\"} 1\n");
  test_now_us += (gint64)TRANSIT_GAP_MS * 1000; /* nobody asked about them: they may have arrived long ago */
  expect_page("{status=\"attaching\"} 0\nevs_controller_stuck_disks{status=\"detaching\"} 0\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_begin_at_nothing),
    cmocka_unit_test(each_is_counted_under_its_name),
    cmocka_unit_test(an_unreadable_config_shows),
    cmocka_unit_test(disks_that_hang_are_counted),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
