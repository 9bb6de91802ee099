/* evsctl orphans: what is found, what is deleted, and above all what is not. */
#include "tests/integration/operator_support.h"

#define ALL_AGES "--older-than=0s"

static json_t *rows_of(const Evsctl *run)
{
  json_t *answer = json_loads(run->out, 0, NULL);
  assert_non_null(answer);
  json_t *rows = json_incref(json_object_get(answer, "orphans"));
  json_decref(answer);
  return rows;
}

static void expect_row(const json_t *rows, const char *id, const char *kind, const char *end)
{
  const json_t *row = row_of(rows, id);
  assert_string_equal(row_text(row, "kind"), kind);
  if (!g_str_has_prefix(row_text(row, "end"), end))
    fail_msg("'%s' ends as '%s' instead of '%s'", kind, row_text(row, "end"), end);
}

static void each_kind_is_found_and_nothing_is_touched(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *lost = disk_make(*state, sim, CLUSTER, "pvc-lost");
  g_autofree char *twin = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *others = disk_make(*state, sim, "other", "pvc-x");
  g_autofree char *nobodys = disk_make(*state, sim, NULL, NULL),
                  *attached = disk_make(*state, sim, CLUSTER, "pvc-att");
  disk_attach(*state, sim, attached, 0);
  g_autofree char *clone_of = g_strdup_printf("\"evs.csi.huaweicloud.com/clone-of\":\"%s\"", used);
  g_autofree char *kept = snapshot_make(*state, sim, used, "snapshot-1", CLUSTER, NULL);
  g_autofree char *gone = snapshot_make(*state, sim, used, "snapshot-2", CLUSTER, NULL);
  g_autofree char *clone = snapshot_make(*state, sim, used, "evscsi-clone-0123", CLUSTER, clone_of);
  g_autofree char *on_lost = snapshot_make(*state, sim, lost, "snapshot-3", CLUSTER, NULL);
  g_autofree char *pvs =
    pv_list_file(*state, "pvs", (const char *const[]){used, NULL}, (const char *const[]){kept, NULL});
  sim_reset_calls(sim);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list", pvs,
                              ALL_AGES, "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *rows = rows_of(&run);
  g_autofree char *snapshot_keeps = g_strdup_printf("stays: snapshot '%s' would be deleted with it", on_lost);
  expect_row(rows, lost, "disk", snapshot_keeps);
  expect_row(rows, twin, "duplicate", "may be deleted");
  expect_row(rows, attached, "disk", "stays: attached to server");
  expect_row(rows, gone, "snapshot", "may be deleted");
  expect_row(rows, on_lost, "snapshot", "may be deleted");
  expect_row(rows, clone, "clone snapshot", "stays: a clone may be using it");
  const char *const absent[] = {used, others, nobodys, kept};
  for (gsize i = 0; i < G_N_ELEMENTS(absent); i++)
    assert_false(has_row(rows, absent[i]));
  assert_int_equal(json_array_size(rows), 6);
  json_decref(rows);
  assert_int_equal(sim_calls(sim, "6.1.6") + sim_calls(sim, "6.2.2"), 0);
}

static void only_what_is_surely_unused_is_deleted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *lost = disk_make(*state, sim, CLUSTER, "pvc-lost");
  g_autofree char *others = disk_make(*state, sim, "other", "pvc-lost"),
                  *nobodys = disk_make(*state, sim, NULL, NULL);
  g_autofree char *attached = disk_make(*state, sim, CLUSTER, "pvc-att");
  disk_attach(*state, sim, attached, 0);
  g_autofree char *with_snapshot = disk_make(*state, sim, CLUSTER, "pvc-snap");
  g_free(snapshot_make(*state, sim, with_snapshot, "by-a-person", NULL, NULL));
  g_autofree char *gone = snapshot_make(*state, sim, used, "snapshot-2", CLUSTER, NULL);
  g_autofree char *kept = snapshot_make(*state, sim, used, "snapshot-1", CLUSTER, NULL);
  g_autofree char *pvs =
    pv_list_file(*state, "pvs", (const char *const[]){used, NULL}, (const char *const[]){kept, NULL});
  g_auto(Evsctl) run = evsctl_fed(*state, sim->cloud_config, pvs, "orphans", "--cluster-id", CLUSTER,
                                  "--pv-list=-", ALL_AGES, "--delete", "--yes", "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *rows = rows_of(&run);
  expect_row(rows, lost, "disk", "deleted");
  expect_row(rows, gone, "snapshot", "deleted");
  expect_row(rows, attached, "disk", "stays: attached");
  expect_row(rows, with_snapshot, "disk", "stays: snapshot");
  json_decref(rows);
  sim_wait_disk_status(sim, lost, "gone");
  const char *const left[] = {used, others, nobodys, attached, with_snapshot};
  for (gsize i = 0; i < G_N_ELEMENTS(left); i++) {
    json_t *disk = sim_disk(sim, left[i]);
    assert_non_null(disk);
    json_decref(disk);
  }
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
  assert_int_equal(sim_calls(sim, "6.2.2"), 1);
}

static void young_ones_stay_until_they_are_old(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *lost = disk_make(*state, sim, CLUSTER, "pvc-lost");
  g_autofree char *pvs = pv_list_file(*state, "pvs", (const char *const[]){used, NULL}, NULL);
  g_auto(Evsctl) young = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list",
                                pvs, "--delete", "--yes", "-o", "json", NULL);
  evsctl_assert_status(&young, 0);
  json_t *rows = rows_of(&young);
  expect_row(rows, lost, "disk", "stays: younger than --older-than");
  json_decref(rows);
  assert_int_equal(sim_calls(sim, "6.1.6"), 0);
  sim_send(sim, "PUT", "/_sim/clock", "{\"skew_ms\":7200000}"); /* age is told by the cloud's clock */
  g_auto(Evsctl) old = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list", pvs,
                              "--delete", "--yes", "-o", "json", NULL);
  evsctl_assert_status(&old, 0);
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
  sim_wait_disk_status(sim, lost, "gone");
}

static void a_list_that_proves_nothing_deletes_nothing(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_free(disk_make(*state, sim, CLUSTER, "pvc-lost"));
  static const struct {
    const char *list, *text;
    int status;
  } rows[] = {
    {"", "--pv-list: no list", 2},
    {"{\"items\":[", "--pv-list: no list", 2},
    {"{\"kind\":\"PersistentVolume\"}", "--pv-list: no list", 2},
    {"{\"kind\":\"List\",\"items\":[]}", "--pv-list: it holds no PersistentVolume", 2},
    {"{\"items\":[{\"kind\":\"VolumeSnapshotContent\",\"metadata\":{\"name\":\"c\"}}]}",
     "--pv-list: it holds no PersistentVolume", 2},
    {"{\"items\":[{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}}]}",
     "--pv-list: item 0 is neither a PersistentVolume nor", 2},
    {"{\"items\":[{\"kind\":\"PersistentVolume\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"csi\":{"
     "\"volumeHandle\":"
     "\"deadbeef-0000-4000-8000-000000000000\"}}}]}",
     "is it the list of another cluster", 1},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *pvs = harness_write_file(*state, "pvs", rows[i].list);
    g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list",
                                pvs, ALL_AGES, "--delete", "--yes", NULL);
    if (run.status != rows[i].status || !strstr(run.err, rows[i].text))
      fail_msg("row %zu: status %d: %s", i, run.status, run.err);
  }
  g_auto(Evsctl) missing = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list",
                                  "/nonexistent", "--delete", "--yes", NULL);
  evsctl_assert_status(&missing, 2);
  g_auto(Evsctl) none = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, ALL_AGES,
                               "--delete", "--yes", NULL);
  evsctl_assert_status(&none, 2);
  assert_int_equal(sim_calls(sim, "6.1.6"), 0);
  g_autofree char *foreign = harness_write_file(*state, "pvs", rows[G_N_ELEMENTS(rows) - 1].list);
  g_auto(Evsctl) forced = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list",
                                 foreign, ALL_AGES, "--delete", "--yes", "--force", NULL);
  evsctl_assert_status(&forced, 0);
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
}

static void nobody_to_ask_means_no(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *lost = disk_make(*state, sim, CLUSTER, "pvc-lost");
  g_autofree char *pvs = pv_list_file(*state, "pvs", (const char *const[]){used, NULL}, NULL);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list", pvs,
                              ALL_AGES, "--delete", NULL);
  evsctl_assert_status(&run, 2);
  assert_non_null(strstr(run.err, "delete 1 disks with 10 GiB and 0 snapshots"));
  assert_non_null(strstr(run.err, "--yes"));
  assert_non_null(strstr(run.err, lost)); /* says what it is about */
  assert_int_equal(sim_calls(sim, "6.1.6"), 0);
}

/* kubectl is asked twice: to find, and right before the deletes. What a PV names by then stays. */
static void a_pv_that_comes_meanwhile_saves_its_disk(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *path = g_strdup(g_getenv("PATH"));
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *late = disk_make(*state, sim, CLUSTER, "pvc-late");
  g_autofree char *lost = disk_make(*state, sim, CLUSTER, "pvc-lost");
  g_autofree char *first = pv_list_file(*state, "first", (const char *const[]){used, NULL}, NULL);
  g_autofree char *second = pv_list_file(*state, "second", (const char *const[]){used, late, NULL}, NULL);
  g_autofree char *script = g_strdup_printf("if [ -e %s.once ]; then cat %s; else : > %s.once; cat %s; fi",
                                            first, second, first, first);
  fake_kubectl(*state, script);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER,
                              "--pv-list=kubectl", ALL_AGES, "--delete", "--yes", "-o", "json", NULL);
  g_setenv("PATH", path, TRUE);
  evsctl_assert_status(&run, 0);
  json_t *rows = rows_of(&run);
  expect_row(rows, lost, "disk", "deleted");
  expect_row(rows, late, "disk", "stays: PV 'pv-1' names it");
  json_decref(rows);
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
}

/* The disk is attached after all lists were read: the last look at it sees that. */
static void a_disk_that_comes_into_use_meanwhile_stays(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *path = g_strdup(g_getenv("PATH"));
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *lost = disk_make(*state, sim, CLUSTER, "pvc-lost");
  g_autofree char *pvs = pv_list_file(*state, "pvs", (const char *const[]){used, NULL}, NULL);
  json_t *server = sim_server(sim, 0);
  g_autofree char *script = g_strdup_printf(
    "if [ -e %s.once ]; then\n"
    "evsctl --cloud-config=%s api POST '/v1/{project}/cloudservers/%s/attachvolume' --service=ecs"
    " --data '{\"volumeAttachment\":{\"volumeId\":\"%s\"}}' >&2\n"
    "fi\n: > %s.once; cat %s",
    pvs, sim->cloud_config, row_text(server, "id"), lost, pvs, pvs);
  json_decref(server);
  g_autofree char *with_bin = g_strconcat(path, ":", EVS_DEFAULT_BIN_DIR, NULL);
  g_setenv("PATH", with_bin, TRUE);
  fake_kubectl(*state, script);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER,
                              "--pv-list=kubectl", ALL_AGES, "--delete", "--yes", "-o", "json", NULL);
  g_setenv("PATH", path, TRUE);
  evsctl_assert_status(&run, 0);
  json_t *rows = rows_of(&run);
  expect_row(rows, lost, "disk", "stays: ");
  json_decref(rows);
  assert_int_equal(sim_calls(sim, "6.1.6"), 0);
}

static void a_kubectl_that_fails_is_told(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *path = g_strdup(g_getenv("PATH"));
  fake_kubectl(*state, "echo 'no such cluster' >&2; exit 3");
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list=kubectl", NULL);
  g_setenv("PATH", path, TRUE);
  evsctl_assert_status(&run, 1);
  assert_non_null(strstr(run.err, "no such cluster"));
  assert_non_null(strstr(run.err, "kubectl failed (status 3)"));
}

/* A refused delete of one does not keep the others from going. */
static void a_failure_is_told_and_the_rest_goes_on(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *used = disk_make(*state, sim, CLUSTER, "pvc-used"),
                  *one = disk_make(*state, sim, CLUSTER, "pvc-1");
  g_autofree char *two = disk_make(*state, sim, CLUSTER, "pvc-2");
  g_autofree char *pvs = pv_list_file(*state, "pvs", (const char *const[]){used, NULL}, NULL);
  g_autofree char *text =
    g_strdup_printf("{\"match\":{\"op\":\"6.1.6\",\"volume\":\"%s\"},\"action\":{\"kind\":\"status\","
                    "\"status\":400,\"code\":\"EVS.2068\"}}",
                    one);
  g_free(sim_fault(sim, text));
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "orphans", "--cluster-id", CLUSTER, "--pv-list", pvs,
                              ALL_AGES, "--delete", "--yes", "-o", "json", "--timeout=30", NULL);
  evsctl_assert_status(&run, 1);
  json_t *rows = rows_of(&run);
  expect_row(rows, one, "disk", "failed: ");
  expect_row(rows, two, "disk", "deleted");
  json_decref(rows);
  assert_non_null(strstr(run.err, "1 of 2 could not be deleted"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(each_kind_is_found_and_nothing_is_touched),
    test(only_what_is_surely_unused_is_deleted),
    test(young_ones_stay_until_they_are_old),
    test(a_list_that_proves_nothing_deletes_nothing),
    test(nobody_to_ask_means_no),
    test(a_pv_that_comes_meanwhile_saves_its_disk),
    test(a_disk_that_comes_into_use_meanwhile_stays),
    test(a_kubectl_that_fails_is_told),
    test(a_failure_is_told_and_the_rest_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
