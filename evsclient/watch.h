/* Inside of the watcher: one wait, and what a record of its disk says about it. Pure logic, no I/O. */
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
} WatchPace;

void watch_pace_learn(WatchPace *pace, gint64 took_us);
/* When to look for the first time, and the step from look to look once `age_us` has passed. */
gint64 watch_pace_first(const WatchPace *pace);
gint64 watch_pace_step(const WatchPace *pace, gint64 age_us);
/* The age at which the job is asked because the disk should have shown the end by then. */
gint64 watch_pace_overdue(const WatchPace *pace);
