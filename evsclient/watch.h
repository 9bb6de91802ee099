/* Inside of the watcher: one wait, what a record of its disk says about it, and when to look. watch.c is pure logic
 * without I/O, sweep.c the thread that lists, watcher.c the waits. */
#pragma once

#include "base/thread.h"
#include "evsclient/watcher.h"

typedef enum { WATCH_CREATE, WATCH_DELETE, WATCH_ATTACH, WATCH_DETACH, WATCH_KINDS } WatchKind;

typedef struct {
  WatchKind kind;
  char *volume_id; /* "" until the job tells it */
  char *server_id; /* attach, detach */
  char *job_id;    /* "" none */
  char **known_attachments;
  gint64 start_us;
  /* Under the watcher's lock: */
  EvsDisk *row;         /* what the sweep found worth a look; NULL: nothing */
  gboolean suspected;   /* the sweep thinks that it is over: ask by id */
  gint64 look_us;       /* the sweep should look at it then */
  gint64 deaf_until_us; /* no suspicion before: the last one was wrong */
  gint64 seen_us;       /* a sweep last saw the operation under way; 0: never */
  Cond news;
} Watch;

/* "create disk" */
const char *watch_what(WatchKind kind);

typedef enum {
  WATCH_PENDING,
  WATCH_DONE,
  WATCH_SUSPECT, /* looks done or failed: needs a GET by id */
  WATCH_BROKEN,  /* the disk shows that it failed */
} WatchVerdict;

/* A row of a list may be old: it gives DONE, SUSPECT or PENDING. */
WatchVerdict watch_judge_row(const Watch *watch, const EvsDisk *row);
/* A GET by id is the truth; disk NULL: there is none. */
WatchVerdict watch_judge_disk(const Watch *watch, const EvsDisk *disk);

/* How long operations of a kind take, learned from those that ended. Microseconds. */
typedef struct {
  guint samples;
  gdouble mean_us, deviation_us;
  gdouble slowest_us; /* forgotten by and by */
} WatchPace;

/* The row shows the operation under way ("creating"): then the disk can tell, and the job need not be asked. */
gboolean watch_in_progress(const Watch *watch, const EvsDisk *row);

void watch_pace_learn(WatchPace *pace, gint64 took_us);
/* When to look for the first time, and the step from look to look once `age_us` has passed. */
gint64 watch_pace_first(const WatchPace *pace);
gint64 watch_pace_step(const WatchPace *pace, gint64 age_us);
/* The age at which the disk should have shown the end. */
gint64 watch_pace_overdue(const WatchPace *pace);
/* When job or disk are to be asked by id because the sweep finds nothing; asked: how often they were. */
gint64 watch_ask_due(const Watch *watch, const WatchPace *pace, guint asked, gint64 asked_us);

/* The sweep thread lists; the waiting threads ask by id and by job, so that many ends at once are confirmed in
 * parallel. */
struct EvsWatcher {
  EvsClient *client;
  Thread thread;
  Mutex lock;
  Cond changed; /* a watch came, or stop */
  gboolean stop;
  GPtrArray *watches; /* of Watch*, in their waiters' frames */
  WatchPace paces[WATCH_KINDS];
};

/* The sweep thread; argument: the EvsWatcher. */
void *watch_sweep(void *watcher);
