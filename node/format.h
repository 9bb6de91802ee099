/* From a disk as it was attached to a disk with a sound file system: decides whether to make one, makes it, checks
 * the one that is there. Never formats on doubt (design: "when to format"):
 *
 *   probe says      blank or if-empty     else
 *   empty           mkfs                  refused: nothing to mount
 *   fs, marked      mkfs again            refused: a copy of an unfinished disk
 *   the fs asked    taken as it is        taken as it is
 *   another fs      refused               refused
 *   anything else   refused               refused
 *
 * "Marked" is the label FILESYSTEM_LABEL, which mkfs writes and which is cleared once mkfs has ended and its writes
 * are on the disk, before the first mount. A killed mkfs.xfs leaves a disk that looks like xfs and cannot be mounted:
 * the mark tells it from a user's disk. */
#pragma once

#include "node/device.h"
#include "node/filesystem.h"
#include "node/probe.h"

typedef enum { FORMAT_TAKE, FORMAT_MAKE } FormatDecision;

/* Pure. facts say blank/if_empty; wanted is "" or a fs_type; by_default is what is made when it is ""; edges_zero: the
 * first and last MiB are all zero, as those of a new EVS disk are, or not for a mkfs of ours that was cut off.
 * FAILED_PRECONDITION naming what was found and what was asked for. */
gboolean format_decide(const ProbeResult *found, const DiskFacts *facts, const char *wanted,
                       const char *by_default, gboolean reader_only, gboolean edges_zero,
                       FormatDecision *ret_decision, const Filesystem **ret_filesystem, GError **error);

typedef struct {
  const Device *device; /* locked by device_lock() */
  const DiskFacts *facts;
  const char *wanted;     /* fs_type or "" */
  const char *by_default; /* fs_type of a new file system when wanted is "" */
  gboolean reader_only;
  gint64 deadline_us;
  gboolean (*stopping)(void *data);
  void *data;
} FormatJob;

/* Probes, decides and acts; the file system is ready for its mount then. *ret_made tells whether it is new. */
gboolean format_ensure(const FormatJob *job, const Filesystem **ret_filesystem, gboolean *ret_made,
                       GError **error);

/* Runs the check of a file system that was there before; none for a reader. One whose growth was cut off (intent.h) is
 * mended instead: FAILED_PRECONDITION for a reader, or if errors are left. */
gboolean format_check(const FormatJob *job, const Filesystem *filesystem, GError **error);

/* A copy of a file system whose original is mounted gets an id of its own. FAILED_PRECONDITION for a reader, who must
 * not write. */
gboolean format_part_from_twin(const FormatJob *job, const Filesystem *filesystem, GError **error);

/* Grows a file system that is smaller than its disk. Called before the mount (mount_point NULL) and after it: ext4
 * grows before, which needs no privilege over resources, the others after. Cut off at any point it is finished by the
 * next stage. covered: filesystem_size() of before. */
gboolean format_grow(const FormatJob *job, const Filesystem *filesystem, guint64 covered,
                     const char *mount_point, GError **error);

/* Grows a mounted file system, under whatever load. FAILED_PRECONDITION naming the capability if the kernel refuses
 * ext3/4 for want of CAP_SYS_RESOURCE (a privileged container has it): it grows at its next stage then. */
gboolean format_grow_mounted(const FormatJob *job, const Filesystem *filesystem, const char *mount_point,
                             GError **error);
