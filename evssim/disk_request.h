/* The body of a create (reference 6.1.1, 7.1.1, evs-facts 4.1), read and checked against the rules of evs-facts 13. */
#pragma once

#include "evssim/backups.h"

/* Which fields there are; a key that only another face has is ignored. */
typedef enum {
  DISK_FACE_CUSTOM, /* 6.1.1: count, tags, billing and more */
  DISK_FACE_OLD,    /* 8.1.1.2: without billing, server and rates; a longer name; booleans may be texts */
  DISK_FACE_CINDER, /* 7.1.1 */
} DiskFace;

typedef struct {
  DiskFace face;
  Disk *disk;           /* what each disk will be like; id, wwn and name vary with count > 1 */
  gint64 count;         /* 1..100 */
  const Backup *backup; /* it is made of, or NULL */
  gboolean want_ids;    /* metadata create_for_volume_id: the answer names the disks */
  gboolean prepaid;
  const char *server_id; /* attach there afterwards, or NULL */
} DiskRequest;

/* Checks request's body; answers the first violated rule and returns FALSE, ret then holds nothing. */
gboolean disk_request_read(Request *request, DiskFace face, DiskRequest *ret);
/* disk_source.c: part of it, once zone, type, size, count and metadata are read. */
gboolean disk_request_check_source(Request *request, DiskRequest *read);
void disk_request_clear(DiskRequest *read);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DiskRequest, disk_request_clear)
