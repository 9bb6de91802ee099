/* Transfers of disks between accounts: the model and its journal records (reference 7.4, evs-facts 10).
 *
 * pending: the disk is awaiting-transfer and still its old project's. accepting: taken, the disk on its way.
 * accepted: over; remembered so that a second accept can be told from a wrong id. A deleted transfer leaves nothing.
 *
 * Who finds a transfer has called transfers_sweep() before: a pending one whose disk is no longer awaiting-transfer (the
 * process was killed between two records, or /_sim changed the disk) is none. */
#pragma once

#include "evssim/disks.h"

enum { TRANSFERS_REMEMBERED_MAX = 1000 }; /* accepted ones, the newest */

typedef enum { TRANSFER_PENDING, TRANSFER_ACCEPTING, TRANSFER_ACCEPTED } TransferStage;

typedef struct {
  char *id;          /* first: list_page.h */
  Project *project;  /* who gives */
  Project *receiver; /* who takes; NULL while pending */
  char *volume_id, *name;
  char *auth_key; /* 16 hex digits */
  TransferStage stage;
  gint64 created_us; /* cloud wall clock */
  guint64 serial;
} Transfer;

/* A pending one in the sim, which owns it, and in the journal. */
Transfer *transfer_add(Sim *sim, const Disk *disk, const char *name);
Transfer *transfer_find(const Sim *sim, const char *id);
/* The receiver must be set, unless it is back to pending. */
void transfer_set_stage(Sim *sim, Transfer *transfer, TransferStage stage);
void transfer_remove(Sim *sim, Transfer *transfer);
void transfers_sweep(Sim *sim);

/* The project's own that are not over, newest first; unowned. */
GPtrArray *transfers_of(const Sim *sim, const Project *project);
/* The transfers of GET /_sim/state: [{"id","name","account","volume_id","status"}], without those that are over. */
json_t *transfers_state(Sim *sim);

void transfers_start(Sim *sim); /* transfer_ops.c: routes, job type, journal kind; after disks_register() */
void transfers_register(Sim *sim);
void transfers_stop(Sim *sim);
