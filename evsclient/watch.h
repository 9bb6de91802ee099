/* Inside of the watcher: one wait, what a record of its disk or snapshot says about it, and when to look. watch.c and
 * watch_pace.c are pure logic without I/O, watch_subject.c knows how disks and snapshots are asked about, sweep.c is the
 * threads that list and when they do, sweep_round.c what one of their rounds reads, wait.c the waits, look.c the looks. */
#pragma once

#include "base/thread.h"
#include "evsclient/job.h"
#include "evsclient/name_index.h"
#include "evsclient/watcher.h"

enum { WATCH_MAX_IDS = 60, WATCH_PAGE = 1000, WATCH_STATUSES = 2 };

/* What is watched; a record is an EvsDisk or an EvsSnapshot. */
typedef struct {
  const char *name;    /* "disk": for texts */
  const char *id_kind; /* "volume": for refusals of ids */
  const char *(*id)(const void *record);
  const char *(*name_of)(const void *record);
  const char *(*status)(const void *record);
  void *(*copy)(const void *record);
  void (*free)(void *record);
  void *(*get)(EvsClient *client, const EvsContext *context, const char *id, GError **error);
  /* Rows of these ids (<= WATCH_MAX_IDS, NULL-terminated); or, with ids NULL, page number `page` of all of them, newest
   * first, `last` being the last row of the page before. */
  GPtrArray *(*list)(EvsClient *client, const EvsContext *context, const char *const *ids, guint page,
                     const void *last, GError **error);
  /* All of this name, and perhaps others. */
  GPtrArray *(*list_named)(EvsClient *client, const EvsContext *context, const char *name, GError **error);
  gboolean
    by_marker; /* a page begins behind `last`: what comes and goes meanwhile hides no row of several pages */
} WatchSubject;

extern const WatchSubject watch_disks, watch_snapshots;

typedef enum {
  WATCH_CREATE,
  WATCH_DELETE,
  WATCH_ATTACH,
  WATCH_DETACH,
  WATCH_EXTEND,
  WATCH_QOS,
  WATCH_RETYPE,
  WATCH_SNAPSHOT,
  WATCH_SNAPSHOT_DELETE,
  WATCH_KINDS
} WatchKind;

/* The caller's strings outlive the wait, which blocks it. */
typedef struct {
  WatchKind kind;
  char *subject_id;                     /* id of the disk or snapshot; "" until the job tells it; owned */
  const char *job_id;                   /* "" none */
  const char *server_id;                /* attach, detach */
  const char *const *known_attachments; /* attach; may be NULL */
  gint64 size_gib;                      /* extend */
  gint64 iops, throughput;              /* qos */
  const char *type;                     /* retype */
  gint64 start_us;
  /* Under the watcher's lock: */
  void *row;            /* what the sweep found worth a look; NULL: nothing */
  gboolean suspected;   /* the sweep thinks that it is over: ask by id */
  gboolean seems_done;  /* it thinks so because it saw the end, not a failure: the job may be asked instead */
  gint64 look_us;       /* the sweep should look at it then */
  gint64 deaf_until_us; /* no suspicion before: the last one was wrong */
  gint64 seen_us;       /* a sweep last saw the operation under way; 0: never */
  Cond news;
} Watch;

typedef enum {
  WATCH_PENDING,
  WATCH_DONE,
  WATCH_SUSPECT, /* looks done or failed: needs a GET by id */
  WATCH_BROKEN,  /* the record shows that it failed */
} WatchVerdict;

/* What the kinds of operations differ in. */
typedef struct {
  const char *what; /* "create disk" */
  const WatchSubject *subject;
  gboolean jobless; /* the cloud makes no job of it */
  gboolean newest;  /* its record is new: on the first pages of a list */
  EvsService jobs;  /* where its job is asked for */
  gboolean (*is_done)(const Watch *watch, const void *record);    /* NULL: no record shows the end */
  gboolean row_confirms;                                          /* is a row enough for that? */
  const char *under_way[WATCH_STATUSES], *broken[WATCH_STATUSES]; /* statuses; '*' at the end: prefix */
  WatchVerdict gone;                                              /* what a GET that finds nothing says */
  gboolean job_tells_end; /* SUCCESS of the job needs no other proof */
} WatchTraits;

const WatchTraits *watch_traits(const Watch *watch);

/* A row of a list may be old: it gives DONE, SUSPECT or PENDING. row NULL: the list, complete for it, lacks it. */
WatchVerdict watch_judge_row(const Watch *watch, const void *row);
/* A GET by id is the truth; record NULL: there is none. */
WatchVerdict watch_judge(const Watch *watch, const void *record);
/* The row shows the operation under way ("creating"): then it can tell the end, and the job need not be asked. */
gboolean watch_in_progress(const Watch *watch, const void *row);

/* How long operations of a kind take, learned from those that ended. Microseconds. */
typedef struct {
  guint samples;
  gdouble mean_us, deviation_us;
  gdouble slowest_us; /* forgotten by and by */
} WatchPace;

void watch_pace_learn(WatchPace *pace, gint64 took_us);
/* When to look for the first time, and the step from look to look once `age_us` has passed. */
gint64 watch_pace_first(const WatchPace *pace);
gint64 watch_pace_step(const WatchPace *pace, gint64 age_us);
/* The age at which the disk should have shown the end. */
gint64 watch_pace_overdue(const WatchPace *pace);
/* When job or disk are to be asked by id because the sweep finds nothing; asked: how often they were. */
gint64 watch_ask_due(const Watch *watch, const WatchPace *pace, guint asked, gint64 asked_us);

/* One caller that wants to know what a list says of one id or of one name; in the caller's frame. All but id and name
 * under the watcher's lock. */
typedef struct {
  const char *id, *name; /* one of them; the other is NULL */
  gboolean taken;        /* a round that began after it came will answer it */
  gboolean done;
  GPtrArray *rows;  /* copies of what was found; owned */
  gboolean unknown; /* done: of the name nothing can be said, it has to be asked for */
  GError *error;    /* done: no list */
  char *trouble;    /* why no list has answered yet; NULL: nothing known */
  Cond news;
} WatchLook;

enum { WATCH_NAMES_ALONE = 3 };

/* The sweep threads list; the waiting threads ask by id and by job, so that many ends at once are confirmed in
 * parallel. */
typedef struct {
  EvsWatcher *watcher;
  const WatchSubject *subject;
  Thread thread;
  Cond changed;                       /* a watch or a look came, or stop */
  GPtrArray *watches;                 /* of Watch*, in their waiters' frames */
  GPtrArray *looks;                   /* of WatchLook*, likewise, in order of arrival */
  gint64 named_us[WATCH_NAMES_ALONE]; /* when names were last looked for, newest first */
  gint64 indexed_us;                  /* a round last left the index complete; 0: none did */
  /* Of the sweep's thread: */
  gint64 begun_us; /* the last round; 0: none yet */
  guint pages;     /* of the whole list, as far as is known */
  NameIndex *index;
} WatchSweep;

struct EvsWatcher {
  EvsClient *client;
  Mutex lock;
  gboolean stop;
  WatchSweep disks, snapshots;
  WatchPace paces[WATCH_KINDS];
  guint questions; /* asked where a list showed an end that it cannot confirm */
};

/* A sweep thread; argument: its WatchSweep. */
void *watch_sweep(void *sweep);

/* What a round is to find, and what it has found. Of the sweep's thread. */
typedef struct {
  WatchSweep *sweep;
  const EvsContext *context;
  GPtrArray *order;   /* of char*, owned: the ids wanted at the beginning; looks first, then by urgency */
  GHashTable *wanted; /* set of those not found yet */
  guint newest;       /* so many of the wanted are worth the first pages only */
  gboolean names;     /* the index is to be brought up to date, and rows are looked through for names */
  gboolean indexed;   /* pages were read until the index was complete */
} WatchRound;

/* With the lock held: takes all looks and, of the waits, those that are due and, as far as it costs nothing, the others;
 * says when those are to be looked at next. */
void watch_round_begin(WatchRound *round, WatchSweep *sweep, gint64 now_us);
/* Without the lock: lists, and tells waits and looks. FALSE when a list failed; then looks are left without answer. */
gboolean watch_round_read(WatchRound *round, const EvsContext *context, GError **error);
/* failure: of watch_round_read(), or NULL; passing: it is no reason for those who look, who wait for another round. */
void watch_round_end(WatchRound *round, const GError *failure, gboolean passing);

/* Waits for the end of the operation that `watch` describes: kind, subject_id (given up to the wait), job_id and what
 * the kind wants; members that are NULL read as "". ret_record (may be NULL) gets the record as last read, or NULL, also
 * when it fails. */
gboolean watch_wait(EvsWatcher *watcher, const EvsContext *context, Watch watch, void **ret_record,
                    GError **error);
