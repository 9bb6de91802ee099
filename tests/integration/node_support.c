#include "tests/integration/node_support.h"

#include "node/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { LOOP_MAJOR = 7, LOOP_ATTEMPTS = 100, RUN_MS = 60000 };

static void drop_bench(void *data)
{
  NodeBench *bench = data;
  g_free(bench->sys_dir);
  g_free(bench->dev_dir);
  g_free(bench->kubelet_dir);
  g_free(bench);
}

NodeBench *node_bench_new(Harness *harness)
{
  NodeBench *bench = g_new0(NodeBench, 1);
  bench->harness = harness;
  bench->sys_dir = harness_path(harness, "sys");
  bench->dev_dir = harness_path(harness, "dev");
  bench->kubelet_dir = harness_path(harness, "kubelet");
  g_autofree char *block = g_build_filename(bench->sys_dir, "block", NULL);
  g_autofree char *pods = g_build_filename(bench->kubelet_dir, "pods", NULL);
  g_mkdir_with_parents(block, 0755);
  g_mkdir_with_parents(bench->dev_dir, 0755);
  g_mkdir_with_parents(pods, 0755);
  harness_at_end(harness, drop_bench, bench);
  return bench;
}

/* Binds the image to a free loop device that frees itself; -1 if another took the device first. */
static int try_loop(NodeBench *bench, int image, const char *name, dev_t *ret_number)
{
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  int minor_number = control >= 0 ? ioctl(control, LOOP_CTL_GET_FREE) : -1;
  if (control >= 0)
    close(control);
  if (minor_number < 0)
    fail_msg("no loop device: %s", g_strerror(errno));
  *ret_number = makedev(LOOP_MAJOR, (guint)minor_number);
  g_autofree char *node = harness_path(bench->harness, "loop-%d", minor_number);
  if (mknod(node, S_IFBLK | 0600, *ret_number) < 0 && errno != EEXIST)
    fail_msg("mknod: %s", g_strerror(errno));
  int fd = open(node, O_RDWR | O_CLOEXEC);
  struct loop_config config = {.fd = (guint32)image, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
  /* btrfs-progs tells loop devices apart by this name */
  g_strlcpy((char *)config.info.lo_file_name, name, sizeof config.info.lo_file_name);
  int writable = 0; /* an earlier user of the device may have left it read-only */
  if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0 && ioctl(fd, BLKROSET, &writable) == 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

static void drop_disk(void *data)
{
  BenchDisk *disk = data;
  if (disk->loop >= 0)
    close(disk->loop);
  char *const texts[] = {disk->name, disk->id, disk->image, disk->node, disk->staging, disk->target};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(disk);
}

BenchDisk *bench_disk_new(NodeBench *bench, gint64 bytes)
{
  int index = ++bench->count;
  BenchDisk *disk = g_new0(BenchDisk, 1);
  disk->bench = bench;
  disk->bytes = bytes;
  disk->name = g_strdup_printf("vd%c%c", 'b' + index / 26, 'a' + index % 26);
  disk->id = g_strdup_printf("%08x-0000-4000-8000-00000000abcd", (guint)index);
  disk->image = harness_path(bench->harness, "%s.img", disk->name);
  disk->node = g_build_filename(bench->dev_dir, disk->name, NULL);
  disk->staging = g_strdup_printf("%s/%s.staging", bench->kubelet_dir, disk->name);
  disk->target = g_strdup_printf("%s/pods/%s.target", bench->kubelet_dir, disk->name);
  int image = open(disk->image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_int_equal(ftruncate(image, bytes), 0);
  disk->loop = -1;
  for (int i = 0; disk->loop < 0 && i < LOOP_ATTEMPTS; i++)
    disk->loop = try_loop(bench, image, disk->name, &disk->number);
  close(image);
  if (disk->loop < 0)
    fail_msg("cannot get a loop device");
  harness_at_end(bench->harness, drop_disk, disk);
  bench_disk_attach(disk);
  return disk;
}

void bench_disk_set(const BenchDisk *disk, const char *attribute, const char *text)
{
  g_autofree char *path = g_build_filename(disk->bench->sys_dir, "block", disk->name, attribute, NULL);
  g_autofree char *directory = g_path_get_dirname(path);
  g_mkdir_with_parents(directory, 0755);
  assert_true(g_file_set_contents(path, text, -1, NULL));
}

void bench_disk_grow(BenchDisk *disk, gint64 bytes)
{
  g_autofree char *sectors = g_strdup_printf("%" G_GINT64_FORMAT "\n", bytes / 512);
  assert_int_equal(truncate(disk->image, bytes), 0);
  assert_int_equal(ioctl(disk->loop, LOOP_SET_CAPACITY, 0), 0);
  disk->bytes = bytes;
  bench_disk_set(disk, "size", sectors);
}

void bench_disk_attach(BenchDisk *disk)
{
  g_autofree char *number = g_strdup_printf("%u:%u\n", major(disk->number), minor(disk->number));
  g_autofree char *sectors = g_strdup_printf("%" G_GINT64_FORMAT "\n", disk->bytes / 512);
  g_autofree char *serial = g_strndup(disk->id, 20);
  if (mknod(disk->node, S_IFBLK | 0600, disk->number) < 0)
    fail_msg("mknod '%s': %s", disk->node, g_strerror(errno));
  bench_disk_set(disk, "dev", number);
  bench_disk_set(disk, "size", sectors);
  bench_disk_set(disk, "serial", serial);
}

void bench_disk_detach(BenchDisk *disk)
{
  static const char *const attributes[] = {"serial", "size", "dev", "device/wwid", "device", ""};
  for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
    g_autofree char *path = g_build_filename(disk->bench->sys_dir, "block", disk->name, attributes[i], NULL);
    g_remove(path);
  }
  g_remove(disk->node);
}

void bench_disk_free(BenchDisk *disk)
{
  bench_disk_detach(disk);
  close(disk->loop);
  disk->loop = -1;
  g_remove(disk->image);
}

typedef struct {
  Plugin plugin;
  char *endpoint, *socket;
} BenchNode;

static void drop_node(void *data)
{
  BenchNode *node = data;
  rpc_client_free(node->plugin.client);
  g_free(node->endpoint);
  g_free(node->socket);
  g_free(node);
}

Plugin *bench_node_start(NodeBench *bench, const char *const *extra)
{
  static int count;
  BenchNode *node = g_new0(BenchNode, 1);
  node->socket = harness_path(bench->harness, "node-%d.sock", ++count);
  node->endpoint = g_strconcat("unix://", node->socket, NULL);
  node->plugin =
    (Plugin){.endpoint = node->endpoint, .socket = node->socket, .kubelet_dir = bench->kubelet_dir};
  node->plugin.client = rpc_client_new(node->endpoint, NULL);
  harness_at_end(bench->harness, drop_node, node);
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(argv, g_strdup("evs-csi-node"));
  g_ptr_array_add(argv, g_strdup_printf("--endpoint=%s", node->endpoint));
  g_ptr_array_add(argv, g_strdup_printf("--sys-dir=%s", bench->sys_dir));
  g_ptr_array_add(argv, g_strdup_printf("--dev-dir=%s", bench->dev_dir));
  g_ptr_array_add(argv, g_strdup_printf("--kubelet-dir=%s", bench->kubelet_dir));
  g_ptr_array_add(argv, g_strdup("--log-level=debug"));
  g_ptr_array_add(argv, g_strdup("--device-timeout=1"));
  g_ptr_array_add(argv, g_strdup("--node-id=node-1"));
  g_ptr_array_add(argv, g_strdup("--zone=zone-1"));
  for (; extra && *extra; extra++)
    g_ptr_array_add(argv, g_strdup(*extra));
  g_ptr_array_add(argv, NULL);
  node->plugin.process = process_start(bench->harness, (const char *const *)argv->pdata);
  plugin_await_ready(&node->plugin);
  return &node->plugin;
}

json_t *bench_context(const BenchDisk *disk, gboolean blank)
{
  g_autofree char *serial = g_strndup(disk->id, 20);
  g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, disk->bytes);
  return json_pack("{s:s, s:s, s:s, s:s}", "bus", "virtio", "serial", serial, "size-bytes", size, "blank",
                   blank ? "true" : "false");
}

json_t *bench_stage(const BenchDisk *disk, json_t *capability, gboolean blank)
{
  return json_pack("{s:s, s:s, s:o, s:o}", "volume_id", disk->id, "staging_target_path", disk->staging,
                   "volume_capability", capability, "publish_context", bench_context(disk, blank));
}

json_t *bench_publish(const BenchDisk *disk, json_t *capability, const char *target, gboolean readonly)
{
  return json_pack("{s:s, s:s, s:s, s:o, s:b, s:o}", "volume_id", disk->id, "staging_target_path",
                   disk->staging, "target_path", target, "volume_capability", capability, "readonly",
                   readonly, "publish_context", bench_context(disk, FALSE));
}

json_t *bench_unpublish(const BenchDisk *disk, const char *target)
{
  return json_pack("{s:s, s:s}", "volume_id", disk->id, "target_path", target);
}

json_t *bench_unstage(const BenchDisk *disk)
{
  return json_pack("{s:s, s:s}", "volume_id", disk->id, "staging_target_path", disk->staging);
}

void bench_ok(const Plugin *node, const char *method, json_t *request)
{
  json_decref(csi_call_json(node, method, request, CSI_TIMEOUT_MS, NULL));
}

char *bench_mounted(const char *path)
{
  g_autoptr(MountTable) table = mount_table_read(NULL);
  assert_non_null(table);
  const MountEntry *entry = mount_table_at(table, path);
  return entry ? g_strdup_printf("%s %s %s", entry->fs_type, entry->options, entry->super_options) : NULL;
}

int bench_mount_count(const char *path)
{
  g_autoptr(MountTable) table = mount_table_read(NULL);
  assert_non_null(table);
  int count = 0;
  for (gsize i = 0; i < table->count; i++)
    count += g_str_equal(table->entries[i].mount_point, path);
  return count;
}

char *bench_run(Harness *harness, const char *program, ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  va_list arguments;
  va_start(arguments, program);
  for (const char *argument = program; argument; argument = va_arg(arguments, const char *))
    g_ptr_array_add(argv, (char *)argument);
  va_end(arguments);
  g_ptr_array_add(argv, NULL);
  Process *process = process_start(harness, (const char *const *)argv->pdata);
  int status = process_wait_exit(process, RUN_MS);
  if (status != 0) {
    g_autofree char *text = process_stderr(process);
    fail_msg("%s exited with %d: %s", program, status, text);
  }
  return process_stdout(process);
}

json_t *bench_expand(const BenchDisk *disk, const char *path, gint64 bytes)
{
  return json_pack("{s:s, s:s, s:{s:I}, s:s}", "volume_id", disk->id, "volume_path", path, "capacity_range",
                   "required_bytes", (json_int_t)bytes, "staging_target_path", disk->staging);
}

gint64 bench_total_bytes(const Plugin *node, const BenchDisk *disk, const char *path)
{
  json_t *stats =
    csi_call(node, "NodeGetVolumeStats", NULL, "{s:s, s:s}", "volume_id", disk->id, "volume_path", path);
  json_t *usage = json_array_get(json_object_get(stats, "usage"), 0);
  gint64 total = json_integer_value(json_object_get(usage, "total"));
  json_decref(stats);
  return total;
}

gboolean bench_kernel_grows_mounted(const char *fs_type)
{
  return !g_str_has_prefix(fs_type, "ext") || prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1;
}
