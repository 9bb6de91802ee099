/* Data on volumes, told apart by a seed: written by a pod, read back by another, and read at last from the simulator's
 * disk file behind a loop device of its own, without the driver. */
#pragma once

#include "tests/harness/csi.h"

enum { DATA_CHUNK = 64 * 1024 };

/* ---- files of numbered chunks; no two chunks of a file, and no two files of different seeds, are alike ---- */

/* Writes that many chunks at once and brings them to the disk. */
void data_write(const char *path, guint32 seed, guint chunks);
/* The file, or the block device, begins with these chunks. */
void data_assert(const char *path, guint32 seed, guint chunks);
/* The same from an offset on. */
void data_write_at(const char *path, gint64 offset, guint32 seed, guint chunks);
void data_assert_at(const char *path, gint64 offset, guint32 seed, guint chunks);

/* ---- a pod that writes all the time ---- */

typedef struct DataLoad DataLoad;

/* Appends chunk after chunk to the file, each brought to the disk, in a thread of its own. */
DataLoad *data_load_start(const char *path, guint32 seed);
/* Waits until it has written `more` further chunks. */
void data_load_await(DataLoad *load, guint more);
/* Ends it; the test fails when a write failed. How many chunks there are. */
guint data_load_stop(DataLoad *load);

/* ---- the disk's file ---- */

/* Mounts the disk's file read-only behind another loop device; the disk must be detached. The directory; newly
 * allocated. Its volume must not change until data_look_away() or the end of the test. */
char *data_look_inside(Harness *harness, const Sim *sim, const CsiVolume *volume);
void data_look_away(Harness *harness, const char *directory);

/* Runs a tool, which must exit 0. */
void data_run(Harness *harness, const char *program, ...) G_GNUC_NULL_TERMINATED;
