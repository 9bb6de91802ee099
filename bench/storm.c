#include "bench/storm.h"

#include "base/clock.h"
#include "base/thread.h"

typedef struct {
  gpointer object;
  const StormStep *const *next; /* step at which it is; NULL behind the last */
  gint64 due_us;
  guint number, failures, attempts;
} Item;

typedef struct {
  guint total;
  GHashTable *by_code; /* "CreateVolume INTERNAL" -> count */
  char *first;
} Tally;

typedef struct {
  Storm *storm;
  Sidecar sidecar;
} WorkerArgument;

struct Storm {
  StormOptions options;
  GPtrArray *items;
  gpointer data;
  Mutex lock; /* everything below while it runs */
  Cond changed[SIDECAR_COUNT];
  GSequence *queues[SIDECAR_COUNT]; /* of Item, by due time */
  GRand *random;
  guint done, left;
  gint64 started_us, limit_us, last_us;
  GHashTable *calls;
  GArray *answers;
  Tally failures, retries;
};

static void tally_init(Tally *tally)
{
  tally->by_code = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void tally_clear(Tally *tally)
{
  g_hash_table_unref(tally->by_code);
  g_free(tally->first);
}

static void tally_add(Tally *tally, const StormStep *step, const GError *error)
{
  char *key = g_strdup_printf("%s %s", step->method, evs_code_name(evs_error_code(error)));
  guint count = GPOINTER_TO_UINT(g_hash_table_lookup(tally->by_code, key));
  g_hash_table_replace(tally->by_code, key, GUINT_TO_POINTER(count + 1));
  tally->total++;
  if (!tally->first)
    tally->first = g_strdup_printf("%s: %s", step->method, error->message);
}

static json_t *tally_render(const Tally *tally)
{
  json_t *by_code = json_object();
  GHashTableIter iter;
  gpointer key, count;
  g_hash_table_iter_init(&iter, tally->by_code);
  while (g_hash_table_iter_next(&iter, &key, &count))
    json_object_set_new(by_code, key, json_integer(GPOINTER_TO_UINT(count)));
  json_t *object = json_pack("{s:i, s:o}", "total", (int)tally->total, "by_code", by_code);
  if (tally->first)
    json_object_set_new(object, "first", json_string(tally->first));
  return object;
}

Storm *storm_new(const StormOptions *options)
{
  Storm *storm = g_new0(Storm, 1);
  storm->options = *options;
  storm->items = g_ptr_array_new_with_free_func(g_free);
  mutex_init(&storm->lock);
  for (int i = 0; i < SIDECAR_COUNT; i++) {
    cond_init(&storm->changed[i]);
    storm->queues[i] = g_sequence_new(NULL);
  }
  guint32 seeds[] = {(guint32)options->seed, (guint32)((guint64)options->seed >> 32)};
  storm->random = g_rand_new_with_seed_array(seeds, G_N_ELEMENTS(seeds));
  storm->calls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)samples_free);
  storm->answers = g_array_new(FALSE, FALSE, sizeof(StormAnswer));
  tally_init(&storm->failures);
  tally_init(&storm->retries);
  return storm;
}

void storm_free(Storm *storm)
{
  if (!storm)
    return;
  for (int i = 0; i < SIDECAR_COUNT; i++) {
    g_sequence_free(storm->queues[i]);
    cond_destroy(&storm->changed[i]);
  }
  g_ptr_array_unref(storm->items);
  mutex_destroy(&storm->lock);
  g_rand_free(storm->random);
  g_hash_table_unref(storm->calls);
  g_array_unref(storm->answers);
  tally_clear(&storm->failures);
  tally_clear(&storm->retries);
  g_free(storm);
}

void storm_add(Storm *storm, gpointer object, const StormStep *const *steps, gint64 begin_us)
{
  Item *item = g_new0(Item, 1);
  *item = (Item){.object = object, .next = steps, .due_us = begin_us, .number = storm->items->len};
  g_ptr_array_add(storm->items, item);
}

static int by_due(gconstpointer a, gconstpointer b, gpointer data)
{
  const Item *x = a, *y = b;
  (void)data;
  if (x->due_us != y->due_us)
    return x->due_us < y->due_us ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

/* Lock held. */
static void enqueue(Storm *storm, Item *item)
{
  Sidecar sidecar = (*item->next)->sidecar;
  g_sequence_insert_sorted(storm->queues[sidecar], item, by_due, NULL);
  cond_signal(&storm->changed[sidecar]);
}

static void wake_all(Storm *storm)
{
  for (int i = 0; i < SIDECAR_COUNT; i++)
    cond_broadcast(&storm->changed[i]);
}

/* Lock held. The next item that is due, or NULL when all is done or the time is over. */
static Item *take(Storm *storm, Sidecar sidecar)
{
  while (storm->left > 0 && clock_now_us() < storm->limit_us) {
    GSequence *queue = storm->queues[sidecar];
    gint64 until_us = storm->limit_us;
    if (!g_sequence_is_empty(queue)) {
      GSequenceIter *first = g_sequence_get_begin_iter(queue);
      Item *item = g_sequence_get(first);
      if (item->due_us <= clock_now_us()) {
        g_sequence_remove(first);
        if (!g_sequence_is_empty(queue))
          cond_signal(&storm->changed[sidecar]); /* somebody must watch the next one's time */
        return item;
      }
      until_us = MIN(until_us, item->due_us);
    }
    cond_wait_until(&storm->changed[sidecar], &storm->lock, until_us);
  }
  return NULL;
}

/* Lock held. */
static void note_call(Storm *storm, const StormStep *step, gint64 taken_us)
{
  Samples *samples = g_hash_table_lookup(storm->calls, step->method);
  if (!samples) {
    samples = samples_new();
    g_hash_table_insert(storm->calls, (gpointer)step->method, samples);
  }
  samples_add(samples, taken_us);
}

/* Lock held. */
static void finish_step(Storm *storm, Item *item)
{
  StormAnswer answer = {.object = item->object, .step = *item->next, .wall_us = clock_wall_us()};
  g_array_append_val(storm->answers, answer);
  item->failures = 0;
  item->next++;
  item->due_us = storm->last_us = clock_now_us();
  if (*item->next) {
    enqueue(storm, item);
    return;
  }
  storm->done++;
  if (--storm->left == 0)
    wake_all(storm);
}

/* Lock held. */
static void put_back(Storm *storm, Item *item, const GError *error)
{
  const StormStep *step = *item->next;
  if (error) {
    gboolean final = sidecar_code_is_final(step->sidecar, evs_error_code(error));
    tally_add(final ? &storm->failures : &storm->retries, step, error);
  }
  item->failures++;
  item->due_us = clock_now_us() + back_off_us(&storm->options.back_off, item->failures, storm->random);
  enqueue(storm, item);
}

static void *work(void *argument)
{
  g_autofree WorkerArgument *worker = argument;
  Storm *storm = worker->storm;
  mutex_lock(&storm->lock);
  for (Item *item; (item = take(storm, worker->sidecar));) {
    const StormStep *step = *item->next;
    guint attempt = item->attempts++;
    mutex_unlock(&storm->lock);
    g_autoptr(GError) error = NULL;
    gint64 begin_us = clock_now_us();
    StepOutcome outcome = step->call(item->object, attempt, storm->data, &error);
    gint64 taken_us = clock_now_us() - begin_us;
    mutex_lock(&storm->lock);
    note_call(storm, step, taken_us);
    if (outcome == STEP_DONE)
      finish_step(storm, item);
    else
      put_back(storm, item, error);
  }
  mutex_unlock(&storm->lock);
  return NULL;
}

/* Which sidecars have anything to do. */
static void mark_used(const Storm *storm, gboolean used[SIDECAR_COUNT])
{
  for (guint i = 0; i < storm->items->len; i++) {
    const Item *item = g_ptr_array_index(storm->items, i);
    for (const StormStep *const *step = item->next; *step; step++)
      used[(*step)->sidecar] = TRUE;
  }
}

void storm_run(Storm *storm, gpointer data)
{
  gboolean used[SIDECAR_COUNT] = {FALSE};
  g_autoptr(GArray) threads = g_array_new(FALSE, FALSE, sizeof(Thread));
  storm->data = data;
  mark_used(storm, used);
  {
    MUTEX_HOLD(&storm->lock);
    storm->started_us = storm->last_us = clock_now_us();
    storm->limit_us = storm->started_us + storm->options.limit_ms * 1000;
    storm->left = storm->items->len;
    for (guint i = 0; i < storm->items->len; i++) {
      Item *item = g_ptr_array_index(storm->items, i);
      item->due_us += storm->started_us;
      enqueue(storm, item);
    }
  }
  guint workers = MIN(storm->options.workers, storm->items->len);
  for (int sidecar = 0; sidecar < SIDECAR_COUNT; sidecar++)
    for (guint i = 0; used[sidecar] && i < workers; i++) {
      WorkerArgument *argument = g_new(WorkerArgument, 1);
      *argument = (WorkerArgument){.storm = storm, .sidecar = (Sidecar)sidecar};
      Thread thread = thread_start("sidecar", work, argument);
      g_array_append_val(threads, thread);
    }
  for (guint i = 0; i < threads->len; i++)
    thread_join(g_array_index(threads, Thread, i));
}

guint storm_objects(const Storm *storm)
{
  return storm->items->len;
}

guint storm_done(const Storm *storm)
{
  return storm->done;
}

gint64 storm_makespan_us(const Storm *storm)
{
  return storm->last_us - storm->started_us;
}

const GArray *storm_answers(const Storm *storm)
{
  return storm->answers;
}

const GHashTable *storm_calls(const Storm *storm)
{
  return storm->calls;
}

json_t *storm_failures(const Storm *storm)
{
  return tally_render(&storm->failures);
}

json_t *storm_retries(const Storm *storm)
{
  return tally_render(&storm->retries);
}
