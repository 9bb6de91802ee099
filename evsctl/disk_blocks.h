/* What keeps a disk from being deleted, attached, expanded, snapshotted or handed over, and what helps. Rules of the
 * reference (evs-facts.md 6), of the driver and of transfer/; judgement only, no calls. */
#pragma once

#include "evsclient/server.h"
#include "evsclient/snapshot.h"
#include "ownership/owner.h"

typedef enum {
  DISK_OPERATION_DELETE,
  DISK_OPERATION_ATTACH,
  DISK_OPERATION_EXPAND,
  DISK_OPERATION_SNAPSHOT,
  DISK_OPERATION_TRANSFER,
  DISK_N_OPERATIONS
} DiskOperation;

typedef struct {
  DiskOperation operation;
  char *reason, *remedy;
} DiskBlock;

typedef struct {
  const EvsDisk *disk;
  const GPtrArray *snapshots; /* of EvsSnapshot *: those of the disk */
  const GPtrArray *servers;   /* of EvsServer *: those it is attached to, as far as they exist */
  const char *transfer_id;    /* NULL: none pending */
  const Owner *owner;         /* the cluster in question; NULL: none is */
} DiskView;

/* Of DiskBlock *, in the order of operations; an operation without one is free. */
GPtrArray *disk_blocks_find(const DiskView *view);
/* "delete" ... Static. */
const char *disk_operation_name(DiskOperation operation);

/* What the status says, for people: "attached to a server and usable". Never NULL; static. */
const char *disk_status_words(const char *status);
