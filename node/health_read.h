/* Touching a disk and the root directory of its file system, to see whether they answer. A read of a cloud disk that
 * has lost its backend may never return and cannot be interrupted, so it happens in a thread of its own that is left
 * behind when it takes too long; until it returns no other read of that disk is begun. */
#pragma once

#include "node/device.h"

enum {
  HEALTH_MAX_READS = 64, /* disks at a time: more than a server can have */
  HEALTH_READ_WAIT_MS = 5000,
};

typedef enum {
  HEALTH_READ_DONE,
  HEALTH_READ_HANGS,    /* no answer within HEALTH_READ_WAIT_MS, or an earlier read has none yet */
  HEALTH_READ_NOT_MADE, /* HEALTH_MAX_READS hang */
} HealthReadState;

typedef struct {
  int disk;      /* errno of reading the disk's first and last block past all caches; 0: they were read */
  int directory; /* errno of listing the directory; 0 */
} HealthReadResult;

/* directory_fd: O_PATH or another descriptor; -1: none. ret_result is set when done. */
HealthReadState health_read(const Device *device, int directory_fd, HealthReadResult *ret_result);

/* How many disks have a read that does not return. */
guint health_reads_hanging(void);
