/* What is on a disk: libblkid's safe probe of superblocks and partition tables, bad checksums included. "Empty" is only
 * said when every part of the probe worked and found nothing; whatever is in doubt is an error. */
#pragma once

#include <glib.h>

typedef enum {
  PROBE_EMPTY,
  PROBE_FILESYSTEM, /* and nothing else: no partition table, no second signature */
  PROBE_OTHER,      /* LUKS, LVM, RAID, swap, a partition table ... */
} ProbeKind;

typedef struct {
  ProbeKind kind;
  char *type;  /* "xfs", "crypto_LUKS", "gpt partition table"; "" when empty */
  char *label; /* "" if none */
} ProbeResult;

void probe_result_clear(ProbeResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ProbeResult, probe_result_clear)

enum { PROBE_EDGE_BYTES = 1024 * 1024 };

/* FAILED_PRECONDITION: several contradicting signatures, or the disk cannot be read. name is for the text. */
gboolean probe_disk(int device_fd, const char *name, ProbeResult *ret_result, GError **error);

/* *ret_zero: are the first and the last PROBE_EDGE_BYTES all zero? FAILED_PRECONDITION if they cannot be read. */
gboolean probe_edges(int device_fd, const char *name, guint64 size, gboolean *ret_zero, GError **error);
