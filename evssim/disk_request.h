/* The body of a create (reference 6.1.1, evs-facts 4.1), read and checked against the rules of evs-facts 13. */
#pragma once

#include "evssim/sim.h"

typedef struct {
  Disk *disk;        /* what each disk will be like; id, wwn and name vary with count > 1 */
  gint64 count;      /* 1..100 */
  gboolean want_ids; /* metadata create_for_volume_id: the answer names the disks */
  gboolean prepaid;
  const char *server_id; /* attach there afterwards, or NULL */
} DiskRequest;

/* Checks request's body; answers the first violated rule and returns FALSE, ret then holds nothing. */
gboolean disk_request_read(Request *request, DiskRequest *ret);
void disk_request_clear(DiskRequest *read);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DiskRequest, disk_request_clear)
