/* Faults: what /_sim/faults orders to go wrong (design section 6).
 *
 * {"match":{"op":"6.1.1","account":"alpha","volume":"<id>","skip":2},"times":3,"probability":1,"action":{...}}
 * A fault fires on each request that matches all of its given fields, after letting `skip` of them pass, `times` times
 * (absent: until it is deleted), each time with `probability`. Of several faults of one kind the first that fires
 * counts; kinds combine (delay + drop). Faults do not outlive the process.
 *
 * A fired action is kept alive by a reference as long as its request or job needs it. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
  FAULT_STATUS,   /* answer this error, do nothing */
  FAULT_DELAY,    /* do, answer late */
  FAULT_DROP,     /* close the connection before or after doing */
  FAULT_BODY,     /* do, spoil the answer's body */
  FAULT_JOB,      /* the job that the request starts fails, cannot be found, or reports SUCCESS too early */
  FAULT_STUCK,    /* the job never ends until the fault is deleted; the disk stays in this state */
  FAULT_STALE,    /* lists show what was true so long ago */
  FAULT_THROTTLE, /* from the first match on all matches are throttled for so long */
  FAULT_KILL,     /* SIGKILL a process before or after doing */
  FAULT_KINDS,
} FaultKind;

typedef enum { FAULT_SHAPE_ERROR, FAULT_SHAPE_FLAT, FAULT_SHAPE_CINDER, FAULT_SHAPE_GATEWAY } FaultShape;
typedef enum { FAULT_BODY_TRUNCATE, FAULT_BODY_MALFORMED, FAULT_BODY_TYPE, FAULT_BODY_DRIP } FaultBodyMode;
typedef enum { FAULT_JOB_FAIL, FAULT_JOB_VANISH, FAULT_JOB_EARLY } FaultJobResult;
typedef enum { FAULT_THROTTLE_429, FAULT_THROTTLE_503, FAULT_THROTTLE_202 } FaultThrottleForm;

typedef struct {
  FaultKind kind;
  char *fault_id;
  int status;             /* status */
  char *code;             /* status, job: cloud code, or NULL */
  FaultShape shape;       /* status */
  gint64 ms;              /* delay, stale, throttle */
  gboolean after;         /* drop, kill */
  FaultBodyMode mode;     /* body */
  gint64 bytes;           /* body: size of the spoilt body; 0: about as it was */
  FaultJobResult result;  /* job */
  char *state;            /* stuck */
  FaultThrottleForm form; /* throttle */
  int pid;                /* kill */
} FaultAction;

/* Reference counted (g_rc_box). */
FaultAction *fault_action_ref(FaultAction *action);
void fault_action_unref(FaultAction *action);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FaultAction, fault_action_unref)

typedef struct Faults Faults;

Faults *faults_new(gint64 seed);
void faults_free(Faults *faults);

/* Adds one; its id ("f1"), borrowed, or NULL with INVALID_ARGUMENT naming the key. At most 1,000. */
const char *faults_add(Faults *faults, const json_t *document, GError **error);
/* id NULL: all. FALSE if there is none of this id. */
gboolean faults_remove(Faults *faults, const char *id);
/* The documents as they came in, each with "id" and "hits". New reference. */
json_t *faults_list(const Faults *faults);

/* A set of kinds. */
#define FAULT_BIT(kind) (1u << (kind))
/* Kinds that fire only where there is what they spoil: a job, a read of disks. */
#define FAULT_BITS_OF_JOBS (FAULT_BIT(FAULT_JOB) | FAULT_BIT(FAULT_STUCK))
#define FAULT_BITS_OF_READS FAULT_BIT(FAULT_STALE)

/* The actions of these kinds that fire on this request, one slot per kind; each slot set is a reference for the caller,
 * slots that are set already stay. account and volume may be NULL. */
void faults_fire(Faults *faults, guint kinds, const char *op, const char *account, const char *volume,
                 FaultAction *actions[FAULT_KINDS]);
