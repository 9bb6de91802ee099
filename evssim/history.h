/* What disks and snapshots were like a while ago: for the list lag of the profile and the fault kind stale. Each
 * change leaves the journal record that it replaced, for HISTORY_SECONDS. */
#pragma once

#include "evssim/sim.h"

enum { HISTORY_SECONDS = 120 };

typedef enum { HISTORY_DISK, HISTORY_SNAPSHOT } HistoryKind;

void history_start(Sim *sim);
void history_stop(Sim *sim);
/* The thing is about to change; old: its record until now, NULL if it did not exist. */
void history_add(Sim *sim, HistoryKind kind, const char *id, json_t *old);

/* Ids of what did not exist age_us ago; keys live as those of history_since(). The caller unrefs the set. */
GHashTable *history_newcomers(const Sim *sim, HistoryKind kind, gint64 age_us);

/* id -> json_t*: what has changed within the last age_us (real time; 0: nothing has), as it was then; the value is
 * NULL if it did not exist. Keys and records live until the next history_add(). The caller unrefs the table. */
GHashTable *history_since(const Sim *sim, HistoryKind kind, gint64 age_us);
