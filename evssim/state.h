/* The journal: what must outlive the process. Records are JSON objects under (kind, id); a change appends one line to
 * DIR/journal by one write(2) before the call returns, so that SIGKILL at any instant loses nothing that was answered.
 * A power cut may (no fsync per record: the simulator is no bank). A torn last line is dropped at the next start.
 *
 * The file is rewritten (tmp, fsync, rename) at start and whenever it holds four times more lines than records.
 * One process per directory: DIR/lock is held by flock(2). A write that fails ends the process: answering without
 * remembering would be worse. */
#pragma once

#include "evssim/sim.h"

/* Takes the lock, reads the journal, calls the registered loaders in the order of registration. FAILED_PRECONDITION
 * if another process holds the directory. */
gboolean state_open(Sim *sim, GError **error);
/* Closes; the records stay on disk. NULL-safe. */
void state_close(Sim *sim);

/* How many records of this kind there are. */
guint state_count(const Sim *sim, const char *kind);

/* Creates the empty registry; before any state_register(). */
void state_start(Sim *sim);

/* Locks DIR against a running evs-sim: the lock's fd, or -1 with error. */
int state_lock(const char *state_dir, GError **error);
