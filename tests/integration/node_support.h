/* Disks and a node plugin without a cloud: loop devices behind a made-up /sys and /dev, as the guest of a server would
 * see its disks. For tests of the node alone; a volume's whole life is tested against evs-sim. */
#pragma once

#include "tests/harness/csi.h"

#include <sys/types.h>

#define MIB ((gint64)1 << 20)

typedef struct {
  Harness *harness;
  char *sys_dir, *dev_dir, *kubelet_dir;
  int count;
} NodeBench;

typedef struct {
  NodeBench *bench;
  char *name;    /* "vdb" */
  char *id;      /* a volume id; its first 20 characters are the serial */
  char *image;   /* the file behind the disk */
  char *node;    /* <dev_dir>/vdb */
  char *staging; /* below kubelet_dir; its parent exists, itself not */
  char *target;  /* likewise */
  gint64 bytes;
  int loop; /* held open: the loop device goes when all holders have gone */
  dev_t number;
} BenchDisk;

NodeBench *node_bench_new(Harness *harness);

/* A new empty disk, attached. Names count up from vdb. */
BenchDisk *bench_disk_new(NodeBench *bench, gint64 bytes);
/* Detaches it and gives its loop device back at once; disk must not be used any more. */
void bench_disk_free(BenchDisk *disk);
/* Takes it out of /sys and /dev, as a detach does; what is mounted stays. */
void bench_disk_detach(BenchDisk *disk);
/* Puts it (back) into /sys and /dev. */
void bench_disk_attach(BenchDisk *disk);
/* Writes a sysfs attribute of the disk: "serial", "size", "device/wwid". */
void bench_disk_set(const BenchDisk *disk, const char *attribute, const char *text);

/* The disk has so many bytes now, in the kernel's eyes too. */
void bench_disk_grow(BenchDisk *disk, gint64 bytes);

/* Starts evs-csi-node on the bench; extra (NULL-terminated, may be NULL) are further options. A second one shares
 * disks and kubelet directory with the first. */
Plugin *bench_node_start(NodeBench *bench, const char *const *extra);

/* ---- requests; capability is taken over ---- */

/* {"bus","serial","size-bytes","blank"} of the disk. */
json_t *bench_context(const BenchDisk *disk, gboolean blank);
json_t *bench_stage(const BenchDisk *disk, json_t *capability, gboolean blank);
json_t *bench_publish(const BenchDisk *disk, json_t *capability, const char *target, gboolean readonly);
json_t *bench_unpublish(const BenchDisk *disk, const char *target);
json_t *bench_unstage(const BenchDisk *disk);
json_t *bench_expand(const BenchDisk *disk, const char *path, gint64 bytes);

/* The call must go well. request is taken over. */
void bench_ok(const Plugin *node, const char *method, json_t *request);

/* Total bytes that NodeGetVolumeStats reports. */
gint64 bench_total_bytes(const Plugin *node, const BenchDisk *disk, const char *path);

/* The kernel adds groups to a mounted ext4 only for CAP_SYS_RESOURCE, which a privileged container has and some build
 * machines have not. */
gboolean bench_kernel_grows_mounted(const char *fs_type);

/* "<fs_type> <per-mount options> <super options>" of the mount at this path, or NULL if none. Newly allocated. */
char *bench_mounted(const char *path);
int bench_mount_count(const char *path);

/* Runs a tool and fails the test unless it exits 0. What it printed is returned, newly allocated. */
char *bench_run(Harness *harness, const char *program, ...) G_GNUC_NULL_TERMINATED;
