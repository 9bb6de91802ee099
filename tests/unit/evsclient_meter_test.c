/* Where the lag of an operation is taken from, and what the client's metrics are called. */
#include "base/metrics.h"
#include "evsclient/meter.h"
#include "evsclient/watch_lag.h"
#include "tests/unit/cmocka_all.h"

#define SECONDS ((gint64)G_USEC_PER_SEC)
#define SERVER "11111111-2222-3333-4444-555555555555"

enum { NOW_US = 100 * SECONDS, AGE_US = 20 * SECONDS };
static const gint64 cloud_us = G_GINT64_CONSTANT(1700000000) * SECONDS; /* 2023-11-14T22:13:20Z */

static void expect_page(const char *text)
{
  g_autofree char *page = metrics_render();
  if (!strstr(page, text))
    fail_msg("'%s' is not in:\n%s", text, page);
}

static void refuse_page(const char *text)
{
  g_autofree char *page = metrics_render();
  assert_null(strstr(page, text));
}

static Watch watch_of(WatchKind kind)
{
  return (Watch){.kind = kind, .server_id = SERVER, .start_us = NOW_US - AGE_US};
}

/* Of a disk whose attachment and which itself were changed then; NULL: it does not say. */
static gint64 lag_of_disk(const Watch *watch, const char *attached_at, const char *updated_at,
                          gint64 job_end_us)
{
  EvsAttachment attachment = {.server_id = (char *)SERVER,
                              .attachment_id = (char *)"",
                              .attached_at = (char *)(attached_at ? attached_at : "")};
  EvsDisk disk = {.status = (char *)"in-use",
                  .updated_at = (char *)(updated_at ? updated_at : ""),
                  .attachments = g_ptr_array_new()};
  g_ptr_array_add(disk.attachments, &attachment);
  gint64 lag = watch_lag(watch, &disk, job_end_us, cloud_us, NOW_US);
  g_ptr_array_unref(disk.attachments);
  return lag;
}

static void the_jobs_end_counts_first(void **state)
{
  (void)state;
  Watch watch = watch_of(WATCH_DELETE);
  assert_int_equal(watch_lag(&watch, NULL, cloud_us - 3 * SECONDS, cloud_us, NOW_US), 3 * SECONDS);
  assert_int_equal(lag_of_disk(&watch, NULL, "2023-11-14T22:13:19.000000", cloud_us - 3 * SECONDS),
                   3 * SECONDS);
  /* a clock that is ahead, and a job that had ended before anybody waited */
  assert_int_equal(watch_lag(&watch, NULL, cloud_us + 2 * SECONDS, cloud_us, NOW_US), 0);
  assert_int_equal(watch_lag(&watch, NULL, cloud_us - 3600 * SECONDS, cloud_us, NOW_US), AGE_US);
}

static void else_the_record_tells(void **state)
{
  (void)state;
  Watch watch = watch_of(WATCH_CREATE);
  assert_int_equal(lag_of_disk(&watch, NULL, "2023-11-14T22:13:18.500000", 0), 1500 * 1000);
  watch.kind = WATCH_ATTACH;
  assert_int_equal(lag_of_disk(&watch, "2023-11-14T22:13:19.000000", "2023-11-14T22:13:10.000000", 0),
                   SECONDS);
  assert_int_equal(lag_of_disk(&watch, NULL, "2023-11-14T22:13:18.000000", 0), 2 * SECONDS);
  EvsSnapshot snapshot = {.updated_at = (char *)"2023-11-14T22:13:16.000000"};
  watch.kind = WATCH_SNAPSHOT;
  assert_int_equal(watch_lag(&watch, &snapshot, 0, cloud_us, NOW_US), 4 * SECONDS);
}

static void else_it_ended_since_it_was_last_seen_under_way(void **state)
{
  (void)state;
  Watch watch = watch_of(WATCH_EXTEND);
  /* changed before the wait began, or far in the future: that was something else */
  assert_int_equal(lag_of_disk(&watch, NULL, "2023-11-14T22:12:59.000000", 0), -1);
  assert_int_equal(lag_of_disk(&watch, NULL, "2023-11-14T22:14:00.000000", 0), -1);
  assert_int_equal(lag_of_disk(&watch, NULL, "2023-11-14T22:13:23.000000", 0), 0);
  watch.seen_us = NOW_US - 700 * 1000;
  assert_int_equal(lag_of_disk(&watch, NULL, NULL, 0), 700 * 1000);
  assert_int_equal(watch_lag(&watch, NULL, 0, cloud_us, NOW_US), 700 * 1000);
}

static void families_have_their_names(void **state)
{
  (void)state;
  evs_meter_call("create disk", 202, NULL, 300 * 1000);
  evs_meter_call("create disk", 400, "EVS.5400", 300 * 1000);
  evs_meter_call("create disk", 0, "", 300 * 1000);
  expect_page("\nevs_cloud_calls_total{operation=\"create disk\",code=\"202\"} 1\n");
  expect_page("\nevs_cloud_calls_total{operation=\"create disk\",code=\"EVS.5400\"} 1\n");
  expect_page("\nevs_cloud_calls_total{operation=\"create disk\",code=\"no-answer\"} 1\n");
  expect_page("\nevs_cloud_call_duration_seconds_count{operation=\"create disk\"} 3\n");
  evs_meter_throttle("get disk");
  evs_meter_retry("get disk");
  expect_page("\nevs_cloud_throttles_total{operation=\"get disk\"} 1\n");
  expect_page("\nevs_cloud_retries_total{operation=\"get disk\"} 1\n");
  refuse_page("evs_cloud_gate_closed");
  evs_meter_gate("get disk", TRUE);
  expect_page("\nevs_cloud_gate_closed{operation=\"get disk\"} 1\n");
  evs_meter_gate("get disk", FALSE);
  expect_page("\nevs_cloud_gate_closed{operation=\"get disk\"} 0\n");
  evs_meter_gate_wait("get disk", 999);
  refuse_page("evs_cloud_gate_wait_seconds_total");
  evs_meter_gate_wait("get disk", 250 * 1000);
  expect_page("\nevs_cloud_gate_wait_seconds_total{operation=\"get disk\"} 0.25\n");
  evs_meter_shared_interval(100 * 1000);
  expect_page("\nevs_cloud_shared_limit_interval_seconds 0.1\n");
  evs_meter_sweep("disk", TRUE);
  evs_meter_sweep("disk", FALSE);
  expect_page("\nevs_cloud_sweeps_total{subject=\"disk\",result=\"failed\"} 1\n"
              "evs_cloud_sweeps_total{subject=\"disk\",result=\"ok\"} 1\n");
  evs_meter_waits("attach disk", 1);
  evs_meter_waits("attach disk", 1);
  evs_meter_waits("attach disk", -1);
  expect_page("\nevs_cloud_jobs_pending{operation=\"attach disk\"} 1\n");
  evs_meter_lag("attach disk", 500 * 1000);
  expect_page("\nevs_cloud_job_lag_seconds_bucket{operation=\"attach disk\",le=\"0.5\"} 1\n");
}

static void credentials_without_end_show_none(void **state)
{
  (void)state;
  refuse_page("evs_cloud_credentials_expiry_timestamp_seconds");
  evs_meter_credentials_expiry(cloud_us);
  expect_page("\nevs_cloud_credentials_expiry_timestamp_seconds 1700000000\n");
  evs_meter_credentials_expiry(0);
  refuse_page("evs_cloud_credentials_expiry_timestamp_seconds");
  evs_meter_credentials_renewal(FALSE);
  expect_page("\nevs_cloud_credentials_renewals_total{result=\"failed\"} 1\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_jobs_end_counts_first),
    cmocka_unit_test(else_the_record_tells),
    cmocka_unit_test(else_it_ended_since_it_was_last_seen_under_way),
    cmocka_unit_test(families_have_their_names),
    cmocka_unit_test(credentials_without_end_show_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
