/* Who the node says it is: by options, by the metadata service of evs-sim, and what it does when told nonsense. */
#include "tests/integration/node_support.h"

#define KEY "topology.evs.csi.huaweicloud.com/zone"

static void assert_info(const Plugin *node, const char *id, const char *zone, int limit)
{
  json_t *info = csi_call(node, "NodeGetInfo", NULL, "{}");
  json_t *segments = json_object_get(json_object_get(info, "accessible_topology"), "segments");
  assert_string_equal(json_string_value(json_object_get(info, "node_id")), id);
  assert_string_equal(json_string_value(json_object_get(segments, KEY)), zone);
  assert_int_equal(json_object_size(segments), 1);
  assert_int_equal(json_integer_value(json_object_get(info, "max_volumes_per_node")), limit);
  json_decref(info);
}

static void options_are_what_it_says(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  assert_info(bench_node_start(bench, NULL), "node-1", "zone-1", 23); /* no disk to judge by */
  static const char *const limited[] = {"--volume-attach-limit=7", NULL};
  assert_info(bench_node_start(bench, limited), "node-1", "zone-1", 7);
  static const char *const reserved[] = {"--reserved-volume-attachments=3", NULL};
  assert_info(bench_node_start(bench, reserved), "node-1", "zone-1", 20);
}

/* A disk that is there by its name and number only. */
static void show_disk(const NodeBench *bench, const char *name, const char *number)
{
  g_autofree char *directory = g_build_filename(bench->sys_dir, "block", name, NULL);
  g_autofree char *path = g_build_filename(directory, "dev", NULL);
  assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
  assert_true(g_file_set_contents(path, number, -1, NULL));
}

/* As the kernel shows what it found on the disk: "vdb1/partition", "holders/dm-0". */
static void show_use(const NodeBench *bench, const char *disk, const char *entry)
{
  g_autofree char *path = g_build_filename(bench->sys_dir, "block", disk, entry, NULL);
  g_autofree char *directory = g_path_get_dirname(path);
  assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
  assert_true(g_file_set_contents(path, "1\n", -1, NULL));
}

static void note(const NodeBench *bench, const char *place, const char *id)
{
  g_autofree char *directory = g_build_filename(bench->kubelet_dir, "plugins/kubernetes.io/csi", place, NULL);
  g_autofree char *path = g_build_filename(directory, "vol_data.json", NULL);
  g_autofree char *text =
    g_strdup_printf("{\"driverName\":\"evs.csi.huaweicloud.com\",\"volumeHandle\":\"%s\"}", id);
  assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
  assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void scsi_disks_leave_more_room(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  show_disk(bench, "loop0", "7:0\n");
  assert_info(node, "node-1", "zone-1", 23);
  show_disk(bench, "sda", "8:0\n");
  show_use(bench, "sda", "sda1/partition");
  assert_info(node, "node-1", "zone-1", 59); /* the system disk */
  show_disk(bench, "sdb", "8:16\n");
  assert_info(node, "node-1", "zone-1", 59); /* may well be a volume, attached and not staged yet */
  show_use(bench, "sdb", "sdb1/partition");
  assert_info(node, "node-1", "zone-1", 58);
  show_disk(bench, "vda", "254:0\n"); /* a virtio system disk: sda and sdb are somebody's */
  assert_info(node, "node-1", "zone-1", 21);
}

/* From the attachment to the last step, and again after a reboot, when disks are there and nothing is mounted: volumes
 * never make the node smaller. */
static void volumes_are_never_taken_off(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const char *const types[] = {"ext4", "xfs", "btrfs"};
  show_disk(bench, "vda", "254:0\n");
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
    assert_info(node, "node-1", "zone-1", 23);
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE));
    assert_info(node, "node-1", "zone-1", 23);
    bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(types[i], NULL), disk->target, FALSE));
    assert_info(node, "node-1", "zone-1", 23);
    bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
    assert_info(node, "node-1", "zone-1", 23);
  }
  BenchDisk *raw = bench_disk_new(bench, 64 * MIB);
  show_use(bench, raw->name, "holders/dm-7"); /* the pod's own LVM in it */
  bench_ok(node, "NodePublishVolume", bench_publish(raw, csi_block(), raw->target, FALSE));
  assert_info(node, "node-1", "zone-1", 23);
}

static void disks_of_others_are_taken_off(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  static const char *const reserved[] = {"--reserved-volume-attachments=3", NULL};
  static const char *const fixed[] = {"--volume-attach-limit=9", NULL};
  Plugin *node = bench_node_start(bench, NULL), *keeping = bench_node_start(bench, reserved),
         *told = bench_node_start(bench, fixed);
  show_disk(bench, "vda", "254:0\n");
  show_disk(bench, "vdy", "254:32\n");
  show_use(bench, "vdy", "holders/dm-0");
  assert_info(node, "node-1", "zone-1", 22);
  show_disk(bench, "vdz", "254:16\n");
  assert_info(node, "node-1", "zone-1", 22);
  show_use(bench, "vdz", "vdz1/partition");
  assert_info(node, "node-1", "zone-1", 21);
  assert_info(keeping, "node-1", "zone-1", 18);
  assert_info(told, "node-1", "zone-1", 9);
}

static void mount_at(Harness *harness, const BenchDisk *disk, const char *directory)
{
  assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
  g_free(bench_run(harness, "mount", disk->node, directory, NULL));
}

/* Whole disks with file systems, mounted by others: in sight; as a local PV's, below the kubelet directory; and in another
 * mount namespace, as a container meets what its host has mounted. */
static void disks_mounted_by_others_are_taken_off(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const char *const types[] = {"ext4", "xfs", "btrfs"};
  Process *hosts[G_N_ELEMENTS(types)];
  int expected = 23;
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *seen = bench_disk_new(bench, 320 * MIB), *local = bench_disk_new(bench, 320 * MIB),
              *hidden = bench_disk_new(bench, 320 * MIB);
    BenchDisk *const disks[] = {seen, local, hidden};
    g_autofree char *tool = g_strconcat("mkfs.", types[i], NULL);
    for (gsize n = 0; n < G_N_ELEMENTS(disks); n++)
      g_free(bench_run(*state, tool, "-q", disks[n]->node, NULL));
    assert_info(node, "node-1", "zone-1", expected);
    g_autofree char *data = harness_path(*state, "data-%s", types[i]);
    mount_at(*state, seen, data);
    assert_info(node, "node-1", "zone-1", --expected);
    g_autofree char *volume =
      g_strdup_printf("%s/pods/1/volumes/kubernetes.io~local-volume/%s", bench->kubelet_dir, types[i]);
    mount_at(*state, local, volume);
    assert_info(node, "node-1", "zone-1", --expected);
    hosts[i] =
      process_start_list(*state, "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
                         "mount \"$0\" \"$1\" && echo mounted && exec sleep 600", hidden->node, data, NULL);
    g_free(process_wait_output(hosts[i], "mounted", HARNESS_WAIT_MS));
    assert_info(node, "node-1", "zone-1", --expected);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++)
    process_kill(hosts[i]);
}

/* Kubelet's notes tell whose a disk is, whatever is on it. */
static void disks_that_kubelet_knows_are_ours(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const char *const places[] = {"evs.csi.huaweicloud.com/0123abcd", "volumeDevices/pvc-1/data"};
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
    g_autofree char *part = g_strdup_printf("%s1/partition", disk->name);
    show_use(bench, disk->name, part);
    assert_info(node, "node-1", "zone-1", 22);
    note(bench, places[i], disk->id);
    assert_info(node, "node-1", "zone-1", 23);
  }
}

static void the_metadata_service_is_asked_once(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  Plugin *node = node_start(*state, sim, &(PluginOptions){.ask_metadata = TRUE});
  json_t *server = sim_server(sim, 0);
  const char *id = json_string_value(json_object_get(server, "id"));
  for (int i = 0; i < 3; i++) {
    json_t *info = csi_call(node, "NodeGetInfo", NULL, "{}");
    assert_string_equal(json_string_value(json_object_get(info, "node_id")), id);
    json_decref(info);
  }
  json_decref(server);
  assert_int_equal(sim_calls(sim, "meta.data"), 1);
}

static void a_silent_metadata_service_is_an_error_not_a_crash(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  static const char *const silent[] = {"--node-id=", "--metadata-url=http://127.0.0.1:1", NULL};
  Plugin *node = bench_node_start(bench, silent);
  csi_expect_error(node, "NodeGetInfo", json_object(), EVS_CODE_UNAVAILABLE, "give --node-id and --zone");
  json_decref(csi_call(node, "Probe", NULL, "{}"));
}

static void nonsense_ends_it_before_it_serves(void **state)
{
  Harness *harness = *state;
  g_autofree char *endpoint = g_strdup_printf("--endpoint=unix://%s/s", harness_dir(harness));
  g_autofree char *kubelet = g_strdup_printf("--kubelet-dir=%s", harness_dir(harness));
  static const struct {
    const char *option, *text;
  } rows[] = {
    {"--node-id=a b", "--node-id 'a b'"},
    {"--zone=a/b", "--zone 'a/b'"},
    {"--metadata-url=ftp://x", "--metadata-url"},
    {"--dev-dir=dev", "--dev-dir 'dev' is not an absolute path"},
    {"--sys-dir=", "--sys-dir"},
    {"--kubelet-dir=/nonexistent/kubelet", "kubelet-dir '/nonexistent/kubelet'"},
    {"--volume-attach-limit=-1", "--volume-attach-limit=-1"},
    {"--reserved-volume-attachments=59", "--reserved-volume-attachments=59"},
    {"--default-fs-type=ntfs", "--default-fs-type 'ntfs' is not one of ext4, ext3, xfs, btrfs"},
    {"--device-timeout=601", "--device-timeout=601"},
    {"--feature-gates=VolumeHealth", "VolumeHealth"},
    {"--remove-startup-taint", "--remove-startup-taint needs --node-name"},
    {"--node-name=a/b", "--node-name 'a/b'"},
    {"--no-such-option", "no-such-option"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Process *process = process_start_list(harness, "evs-csi-node", endpoint, kubelet, rows[i].option, NULL);
    assert_int_equal(process_wait_exit(process, HARNESS_WAIT_MS), 1);
    g_autofree char *text = process_stderr(process);
    if (!strstr(text, rows[i].text))
      fail_msg("%s: %s", rows[i].option, text);
    assert_int_equal(strchr(text, '\n') - text + 1, strlen(text)); /* one line */
  }
  Process *both = process_start_list(harness, "evs-csi-node", endpoint, kubelet, "--volume-attach-limit=5",
                                     "--reserved-volume-attachments=1", NULL);
  assert_int_equal(process_wait_exit(both, HARNESS_WAIT_MS), 1);
}

/* A CO may ask either socket what the plugin can. */
static void both_sockets_say_the_same_of_the_plugin(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  static const char *const gated[] = {"--feature-gates=SnapshotTopology=true", NULL};
  static const char *const *const options[] = {NULL, gated};
  for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
    Plugin *controller = controller_start(*state, sim, &(PluginOptions){.extra = options[i]});
    Plugin *node = node_start(*state, sim, &(PluginOptions){.extra = options[i]});
    json_t *one = csi_call(controller, "GetPluginCapabilities", NULL, "{}");
    json_t *other = csi_call(node, "GetPluginCapabilities", NULL, "{}");
    g_autofree char *text = json_dumps(other, 0);
    assert_non_null(strstr(text, "ONLINE"));
    assert_int_equal(strstr(text, "SNAPSHOT_ACCESSIBILITY_CONSTRAINTS") != NULL, i == 1);
    assert_true(json_equal(one, other));
    json_decref(one);
    json_decref(other);
  }
}

static void it_links_no_http_client(void **state)
{
  g_autofree char *which =
    g_build_filename(g_getenv("EVS_BIN_DIR") ? g_getenv("EVS_BIN_DIR") : EVS_BIN, "evs-csi-node", NULL);
  g_autofree char *libraries = bench_run(*state, "ldd", which, NULL);
  static const char *const unwanted[] = {"libcurl", "libssl", "libjansson"};
  for (gsize i = 0; i < G_N_ELEMENTS(unwanted); i++)
    assert_null(strstr(libraries, unwanted[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(options_are_what_it_says),
    TEST(scsi_disks_leave_more_room),
    TEST(volumes_are_never_taken_off),
    TEST(disks_of_others_are_taken_off),
    TEST(disks_mounted_by_others_are_taken_off),
    TEST(disks_that_kubelet_knows_are_ours),
    TEST(the_metadata_service_is_asked_once),
    TEST(a_silent_metadata_service_is_an_error_not_a_crash),
    TEST(nonsense_ends_it_before_it_serves),
    TEST(both_sockets_say_the_same_of_the_plugin),
    TEST(it_links_no_http_client),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
