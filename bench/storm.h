/* Many objects, worked on by sidecars at once: a queue and a number of workers per sidecar, a time-out per call, a
 * per-object exponential back-off. An object goes through its steps one after another; the next step is in its
 * sidecar's queue as soon as the one before is done. */
#pragma once

#include "bench/back_off.h"
#include "bench/samples.h"

typedef struct Storm Storm;
typedef struct StormStep StormStep;

typedef enum {
  STEP_DONE,
  STEP_NOT_YET, /* no failure, but the sidecar must ask again: comes again by the back-off */
  STEP_FAILED,
} StepOutcome;

struct StormStep {
  const char *method; /* "CreateVolume" */
  const char *job;    /* its type in /_sim/jobs, "createVolume" */
  Sidecar sidecar;
  /* One call to the driver, in a worker's thread; no other thread has this object meanwhile. attempt: from 0, over all
   * steps. */
  StepOutcome (*call)(gpointer object, guint attempt, gpointer data, GError **error);
};

typedef struct {
  guint workers; /* of each sidecar: 1 .. STORM_WORKERS_MAX */
  BackOff back_off;
  gint64 limit_ms; /* what is not done by then is left unfinished; calls under way are waited for */
  gint64 seed;
} StormOptions;

enum { STORM_WORKERS_MAX = 1000 };

Storm *storm_new(const StormOptions *options);
void storm_free(Storm *storm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Storm, storm_free)

/* steps: NULL-terminated, outlives the storm, as does the object. begin_us: when it comes, after the start. */
void storm_add(Storm *storm, gpointer object, const StormStep *const *steps, gint64 begin_us);
/* Works until all is done or the limit is over. Once. */
void storm_run(Storm *storm, gpointer data);

/* ---- after the run ---- */

typedef struct {
  gpointer object;
  const StormStep *step;
  gint64 wall_us; /* when the answer that the step is done came */
} StormAnswer;

guint storm_objects(const Storm *storm);
guint storm_done(const Storm *storm); /* objects with all steps done */
gint64 storm_makespan_us(const Storm *storm);
const GArray *storm_answers(const Storm *storm);   /* of StormAnswer */
const GHashTable *storm_calls(const Storm *storm); /* method -> Samples* of microseconds, failed calls too */
/* {"total":n,"by_code":{"CreateVolume INTERNAL":n},"first":"text"}: answers that the sidecar takes for final, and those
 * after which it knows that work may go on. New references. */
json_t *storm_failures(const Storm *storm);
json_t *storm_retries(const Storm *storm);
