/* Loop devices: what makes a disk's file a real block device. Needs root (CAP_SYS_ADMIN, CAP_MKNOD).
 *
 * The device is set up with LO_FLAGS_AUTOCLEAR and its only holder is the descriptor kept here, so that the kernel
 * frees it when this process dies, by SIGKILL too; if it is mounted then, at the unmount.
 *
 * A device shows a window of its file: normally all of it. Faults move or cut the window, live, under a mounted
 * file system; the file's bytes stay as they are. One thread. Errors are INTERNAL unless said otherwise. */
#pragma once

#include <glib.h>
#include <sys/types.h>

enum { LOOP_SECTOR = 512 };

typedef struct {
  int fd;        /* of the block device; -1: none */
  dev_t number;  /* its major:minor */
  char *file;    /* the backing file */
  guint64 bytes; /* what the whole file holds */
} LoopDevice;

#define LOOP_NONE ((LoopDevice){.fd = -1})

/* Binds a free loop device to the whole file. RESOURCE_EXHAUSTED if the kernel gives none after many tries. */
gboolean loop_open(LoopDevice *loop, const char *file, gboolean read_only, GError **error);

/* Takes hold of the loop device `number` if it is still bound to this file (a process before us set it up and a mount
 * keeps it alive), with its window on the whole file. FALSE if it is not; no error is made. */
gboolean loop_adopt(LoopDevice *loop, dev_t number, const char *file);

/* Lets go. A device that somebody still holds (mounted) answers every request with EIO from now on, as an unplugged
 * disk does, and is freed with its last holder. Fine on LOOP_NONE. */
void loop_close(LoopDevice *loop);

/* After the file grew: the device grows too. */
gboolean loop_grow(LoopDevice *loop, GError **error);

/* The device ends after `bytes` (> 0, rounded up to a sector): all beyond is EIO. */
gboolean loop_cut(LoopDevice *loop, guint64 bytes, GError **error);

/* Every read fails with EIO. An idle device keeps its size (a write is taken and lost, this kernel offers no better
 * without device-mapper); one that is mounted is cut to its first sector, so that writes fail too. */
gboolean loop_break(LoopDevice *loop, GError **error);

/* Undoes loop_cut() and loop_break(): the whole file again, bytes unharmed. */
gboolean loop_mend(LoopDevice *loop, GError **error);

/* TRUE if the device is mounted or otherwise held exclusively. */
gboolean loop_is_claimed(const LoopDevice *loop);

/* Frees (or marks to be freed with their last holder) all loop devices whose file lies under this directory. */
void loop_purge(const char *directory);
