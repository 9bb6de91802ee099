/* evsctl adopt: whose a disk is, before and after, as the controllers of two clusters see it. */
#include "tests/integration/controller_support.h"
#include "tests/integration/operator_support.h"

#define NEW_CLUSTER "prod-2"

static Plugin *controller_of(Harness *harness, const Sim *sim, const char *cluster_id)
{
  return controller_start(harness, sim, &(PluginOptions){.cluster_id = cluster_id});
}

static char *metadata_of(const Sim *sim, const char *id, const char *key)
{
  json_t *disk = sim_disk(sim, id);
  char *value = g_strdup(row_text(json_object_get(disk, "metadata"), key));
  json_decref(disk);
  return value;
}

static void expect_metadata(const Sim *sim, const char *id, const char *key, const char *wanted)
{
  g_autofree char *value = metadata_of(sim, id, key);
  assert_string_equal(value, wanted);
}

static json_t *delete_request(const char *id)
{
  return json_pack("{s:s}", "volume_id", id);
}

/* What DeleteVolume's refusal says works: after `evsctl adopt` the new cluster deletes the disk, and the old one does not. */
static void a_new_cluster_deletes_what_it_adopted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  Plugin *old = controller_of(*state, sim, CLUSTER), *new = controller_of(*state, sim, NEW_CLUSTER);
  json_t *reply = csi_call_json(old, "CreateVolume", create_request("pvc-1"), CSI_TIMEOUT_MS, NULL);
  g_autofree char *id = g_strdup(row_text(json_object_get(reply, "volume"), "volume_id"));
  json_decref(reply);
  csi_expect_error(new, "DeleteVolume", delete_request(id), EVS_CODE_FAILED_PRECONDITION, "evsctl adopt");
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "adopt", id, "--cluster-id", NEW_CLUSTER, "--force", NULL);
  evsctl_assert_status(&run, 0);
  assert_non_null(strstr(run.out, "cluster 'prod-1', driver 'evs.csi.huaweicloud.com'"));
  csi_expect_error(old, "DeleteVolume", delete_request(id), EVS_CODE_FAILED_PRECONDITION,
                   "belongs to cluster 'prod-2'");
  json_t *answer = csi_call_json(new, "DeleteVolume", delete_request(id), CSI_TIMEOUT_MS, NULL);
  assert_non_null(answer);
  json_decref(answer);
  sim_wait_disk_status(sim, id, "gone");
}

static void another_clusters_disk_needs_a_yes(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *theirs = disk_make(*state, sim, CLUSTER, "pvc-1"),
                  *nobodys = disk_make(*state, sim, NULL, NULL);
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "adopt", nobodys, theirs, "--cluster-id", NEW_CLUSTER, NULL);
  evsctl_assert_status(&run, 2);
  assert_non_null(strstr(run.err, "belongs to cluster 'prod-1'"));
  assert_non_null(strstr(run.err, "--force adopts without a question"));
  expect_metadata(sim, theirs, "evs.csi.huaweicloud.com/cluster", CLUSTER);
  expect_metadata(sim, nobodys, "evs.csi.huaweicloud.com/cluster", ""); /* not half of it either */
  g_auto(Evsctl) yes =
    evsctl(*state, sim->cloud_config, "adopt", nobodys, theirs, "--cluster-id", NEW_CLUSTER, "--yes", NULL);
  evsctl_assert_status(&yes, 0);
  expect_metadata(sim, theirs, "evs.csi.huaweicloud.com/cluster", NEW_CLUSTER);
  expect_metadata(sim, nobodys, "evs.csi.huaweicloud.com/cluster", NEW_CLUSTER);
}

static void nobodys_disk_is_adopted_at_once(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, NULL, NULL);
  g_autofree char *path = g_strdup_printf("/v2/{project}/volumes/%s/metadata", id);
  json_decref(cloud_call(*state, sim, NULL, "POST", path, "{\"metadata\":{\"team\":\"storage\"}}"));
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "adopt", id, "--cluster-id", NEW_CLUSTER,
                              "--driver-name", "my.driver", "--pv", "data-1", "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *rows = json_loads(run.out, 0, NULL);
  assert_string_equal(row_text(row_of(rows, id), "before"), "nobody");
  json_decref(rows);
  expect_metadata(sim, id, "evs.csi.huaweicloud.com/cluster", NEW_CLUSTER);
  expect_metadata(sim, id, "evs.csi.huaweicloud.com/driver", "my.driver");
  expect_metadata(sim, id, "csi.storage.k8s.io/pv/name", "data-1");
  expect_metadata(sim, id, "team", "storage");
  g_auto(Evsctl) again = evsctl(*state, sim->cloud_config, "adopt", "data-1", "--cluster-id", NEW_CLUSTER,
                                "--driver-name", "my.driver", NULL);
  evsctl_assert_status(&again, 0);
}

/* The driver takes disks that it made for blank ones; an adopted disk may hold data that no probe knows. */
static void an_adopted_disk_is_never_taken_for_blank(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  Plugin *old = controller_of(*state, sim, CLUSTER), *new = controller_of(*state, sim, NEW_CLUSTER);
  json_t *server = sim_server(sim, 0);
  const char *const blank[] = {"true", "false"};
  Plugin *const controllers[] = {old, new};
  for (int i = 0; i < 2; i++) {
    json_t *request = json_pack("{s:s, s:s, s:o}", "volume_id", id, "node_id", row_text(server, "id"),
                                "volume_capability", csi_mount("ext4", NULL));
    json_t *reply = csi_call_json(controllers[i], "ControllerPublishVolume", request, CSI_TIMEOUT_MS, NULL);
    assert_string_equal(row_text(json_object_get(reply, "publish_context"), "blank"), blank[i]);
    json_decref(reply);
    g_auto(Evsctl) run =
      evsctl(*state, sim->cloud_config, "adopt", id, "--cluster-id", NEW_CLUSTER, "--force", NULL);
    evsctl_assert_status(&run, 0); /* an attached disk can be adopted too */
  }
  json_decref(server);
}

static void snapshots_come_along(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  g_autofree char *snapshot = snapshot_make(*state, sim, id, "snapshot-1", CLUSTER, NULL);
  Plugin *new = controller_of(*state, sim, NEW_CLUSTER);
  json_t *request = json_pack("{s:s}", "snapshot_id", snapshot);
  csi_expect_error(new, "DeleteSnapshot", json_incref(request), EVS_CODE_FAILED_PRECONDITION, "belongs to");
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "adopt", id, "--cluster-id", NEW_CLUSTER, "--force",
                              "--snapshots", NULL);
  evsctl_assert_status(&run, 0);
  json_t *answer = csi_call_json(new, "DeleteSnapshot", request, CSI_TIMEOUT_MS, NULL);
  assert_non_null(answer);
  json_decref(answer);
}

static void the_manifest_brings_the_disk_into_the_cluster(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, NULL, NULL);
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "adopt", id, "--cluster-id", NEW_CLUSTER, "--pv", "data-1", "--emit-pv",
           "--fs-type=xfs", "--format-if-empty", "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *wanted = json_pack(
    "{s:s, s:s, s:{s:s}, s:{s:{s:s}, s:[s], s:s, s:s, s:s, s:{s:s, s:s, s:s, s:{s:s}},"
    " s:{s:{s:[{s:[{s:s, s:s, s:[s]}]}]}}}}",
    "apiVersion", "v1", "kind", "PersistentVolume", "metadata", "name", "data-1", "spec", "capacity",
    "storage", "10Gi", "accessModes", "ReadWriteOnce", "persistentVolumeReclaimPolicy", "Retain",
    "storageClassName", "", "volumeMode", "Filesystem", "csi", "driver", DRIVER, "volumeHandle", id, "fsType",
    "xfs", "volumeAttributes", "format", "if-empty", "nodeAffinity", "required", "nodeSelectorTerms",
    "matchExpressions", "key", "topology.evs.csi.huaweicloud.com/zone", "operator", "In", "values", "sim-1a");
  json_t *manifest = json_loads(run.out, 0, NULL);
  if (!json_equal(manifest, wanted))
    fail_msg("%s", run.out);
  json_decref(manifest);
  json_decref(wanted);
  assert_non_null(strstr(run.err, "prod-2")); /* what was done stands beside */
  g_auto(Evsctl) yaml = evsctl(*state, sim->cloud_config, "adopt", id, "--cluster-id", NEW_CLUSTER,
                               "--emit-pv", "--reclaim-policy=Delete", NULL);
  evsctl_assert_status(&yaml, 0);
  assert_true(g_str_has_prefix(yaml.out, "apiVersion: v1\nkind: PersistentVolume\n"));
  assert_non_null(strstr(yaml.out, "name: data-1\n")); /* as noted on the disk */
  assert_non_null(strstr(yaml.out, "pv.kubernetes.io/provisioned-by: " DRIVER));
}

static const char *at(const json_t *object, const char *first, const char *second, const char *third)
{
  const json_t *inner = json_object_get(json_object_get(object, first), second);
  const char *text = json_string_value(third ? json_object_get(inner, third) : inner);
  assert_non_null(text);
  return text;
}

static void a_pv_and_its_claim_name_each_other(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *marked = disk_make(*state, sim, CLUSTER, "pvc-1"),
                  *bare = disk_make(*state, sim, NULL, NULL);
  g_autofree char *path = g_strdup_printf("/v2/{project}/volumes/%s/metadata", marked);
  json_decref(cloud_call(*state, sim, NULL, "POST", path,
                         "{\"metadata\":{\"csi.storage.k8s.io/pv/name\":\"pvc-1\","
                         "\"csi.storage.k8s.io/pvc/name\":\"data\","
                         "\"csi.storage.k8s.io/pvc/namespace\":\"shop\"}}"));
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "adopt", marked, bare, "--cluster-id", NEW_CLUSTER, "--force",
           "--emit-pv", "--claims", "--fs-type=any", "--storage-class=ssd", "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *list = json_loads(run.out, 0, NULL);
  const json_t *items = json_object_get(list, "items");
  assert_int_equal(json_array_size(items), 3); /* nothing is noted on the bare one: it gets no claim */
  const json_t *pv = json_array_get(items, 0), *claim = json_array_get(items, 1);
  assert_string_equal(at(pv, "spec", "claimRef", "namespace"), "shop");
  assert_string_equal(at(pv, "spec", "claimRef", "name"), "data");
  assert_null(json_object_get(json_object_get(json_object_get(pv, "spec"), "csi"), "fsType"));
  assert_string_equal(at(claim, "metadata", "namespace", NULL), "shop");
  assert_string_equal(at(claim, "spec", "volumeName", NULL), "pvc-1");
  assert_string_equal(at(claim, "spec", "storageClassName", NULL), "ssd");
  json_decref(list);
  g_auto(Evsctl) named = evsctl(*state, sim->cloud_config, "adopt", bare, "--cluster-id", NEW_CLUSTER,
                                "--emit-pv", "--claim=shop/other", NULL);
  evsctl_assert_status(&named, 0);
  assert_non_null(strstr(named.out, "kind: PersistentVolumeClaim"));
  assert_non_null(strstr(named.out, "name: other\n"));
}

static void wrong_input_changes_nothing(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *one = disk_make(*state, sim, NULL, NULL), *two = disk_make(*state, sim, NULL, NULL);
  g_auto(Evsctl) no_cluster = evsctl(*state, sim->cloud_config, "adopt", one, NULL);
  evsctl_assert_status(&no_cluster, 2);
  g_auto(Evsctl) one_pv =
    evsctl(*state, sim->cloud_config, "adopt", one, two, "--cluster-id", NEW_CLUSTER, "--pv", "x", NULL);
  evsctl_assert_status(&one_pv, 2);
  g_auto(Evsctl) bad_pv =
    evsctl(*state, sim->cloud_config, "adopt", one, "--cluster-id", NEW_CLUSTER, "--pv", "Not_A_Name", NULL);
  evsctl_assert_status(&bad_pv, 2);
  const char *const bad_claims[] = {"--claim=data", "--claim=Shop/data", "--claim=a.b/data", "--claim=shop/"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad_claims); i++) {
    g_auto(Evsctl) bad_claim = evsctl(*state, sim->cloud_config, "adopt", one, "--cluster-id", NEW_CLUSTER,
                                      "--emit-pv", bad_claims[i], NULL);
    evsctl_assert_status(&bad_claim, 2);
  }
  g_auto(Evsctl) one_claim = evsctl(*state, sim->cloud_config, "adopt", one, two, "--cluster-id", NEW_CLUSTER,
                                    "--emit-pv", "--claim=shop/data", NULL);
  evsctl_assert_status(&one_claim, 2);
  g_auto(Evsctl) no_manifest =
    evsctl(*state, sim->cloud_config, "adopt", one, "--cluster-id", NEW_CLUSTER, "--claims", NULL);
  evsctl_assert_status(&no_manifest, 2);
  g_auto(Evsctl) missing =
    evsctl(*state, sim->cloud_config, "adopt", one, NOBODY, "--cluster-id", NEW_CLUSTER, NULL);
  evsctl_assert_status(&missing, 1);
  expect_metadata(sim, one, "evs.csi.huaweicloud.com/cluster", "");
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(a_new_cluster_deletes_what_it_adopted),
    test(another_clusters_disk_needs_a_yes),
    test(nobodys_disk_is_adopted_at_once),
    test(an_adopted_disk_is_never_taken_for_blank),
    test(snapshots_come_along),
    test(the_manifest_brings_the_disk_into_the_cluster),
    test(a_pv_and_its_claim_name_each_other),
    test(wrong_input_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
