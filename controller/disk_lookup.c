#include "controller/disk_lookup.h"

#include "base/clock.h"
#include "base/thread.h"
#include "controller/context.h"

enum { CANCEL_POLL_MS = 500 };

/* Callers served by one listing. All members under the table's lock until done; then disks and error only change when
 * the last one leaves. */
typedef struct {
  GPtrArray *names; /* of char* */
  guint members;
  gboolean done;
  GPtrArray *disks;
  GError *error;
} Batch;

struct DiskLookups {
  DiskLookupFetch fetch;
  void *data;
  Mutex lock;
  Cond changed;
  Batch *gathering; /* waits for its listing; NULL: none */
  gboolean running; /* a listing is under way */
  guint pages;      /* calls that the last whole listing cost */
};

DiskLookups *disk_lookups_new(DiskLookupFetch fetch, void *data)
{
  DiskLookups *lookups = g_new0(DiskLookups, 1);
  lookups->fetch = fetch;
  lookups->data = data;
  lookups->pages = 1;
  mutex_init(&lookups->lock);
  cond_init(&lookups->changed);
  return lookups;
}

void disk_lookups_free(DiskLookups *lookups)
{
  if (!lookups)
    return;
  g_assert(!lookups->running && !lookups->gathering);
  cond_destroy(&lookups->changed);
  mutex_destroy(&lookups->lock);
  g_free(lookups);
}

static Batch *join(DiskLookups *lookups, const char *name)
{
  MUTEX_HOLD(&lookups->lock);
  if (!lookups->gathering) {
    lookups->gathering = g_new0(Batch, 1);
    lookups->gathering->names = g_ptr_array_new_with_free_func(g_free);
  }
  Batch *batch = lookups->gathering;
  batch->members++;
  g_ptr_array_add(batch->names, g_strdup(name));
  return batch;
}

static void leave(DiskLookups *lookups, Batch *batch)
{
  {
    MUTEX_HOLD(&lookups->lock);
    if (--batch->members > 0)
      return;
    if (lookups->gathering == batch)
      lookups->gathering = NULL;
  }
  g_ptr_array_unref(batch->names);
  g_clear_pointer(&batch->disks, g_ptr_array_unref);
  g_clear_error(&batch->error);
  g_free(batch);
}

static void disk_drop(void *disk)
{
  evs_disk_free(disk);
}

/* Name by name, into one list. */
static GPtrArray *fetch_names(DiskLookups *lookups, const EvsContext *context, GPtrArray *names,
                              GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(disk_drop);
  for (guint i = 0; i < names->len; i++) {
    g_autoptr(GPtrArray) some = lookups->fetch(lookups->data, context, names->pdata[i], error);
    if (!some)
      return NULL;
    while (some->len > 0)
      g_ptr_array_add(all, g_ptr_array_steal_index_fast(some, some->len - 1));
  }
  return g_steal_pointer(&all);
}

/* Makes the listing of a batch that gathers no more. */
static void serve(DiskLookups *lookups, Batch *batch, guint pages, const EvsContext *context)
{
  GError *error = NULL;
  gboolean whole = batch->names->len > pages;
  GPtrArray *disks = whole ? lookups->fetch(lookups->data, context, NULL, &error)
                           : fetch_names(lookups, context, batch->names, &error);
  MUTEX_HOLD(&lookups->lock);
  if (whole && disks)
    lookups->pages = disks->len / DISKS_PER_PAGE + 1;
  batch->disks = disks;
  batch->error = error;
  batch->done = TRUE;
  lookups->running = FALSE;
  cond_broadcast(&lookups->changed);
}

typedef enum { TURN_DONE, TURN_SERVE, TURN_WAIT } Turn;

/* What this member has to do next; waits a little when that is nothing. */
static Turn take_turn(DiskLookups *lookups, Batch *batch, gint64 deadline_us, guint *ret_pages)
{
  MUTEX_HOLD(&lookups->lock);
  if (batch->done)
    return TURN_DONE;
  if (!lookups->running && lookups->gathering == batch) {
    lookups->gathering = NULL;
    lookups->running = TRUE;
    *ret_pages = lookups->pages;
    return TURN_SERVE;
  }
  cond_wait_until(&lookups->changed, &lookups->lock, MIN(deadline_us, clock_deadline_in_ms(CANCEL_POLL_MS)));
  return batch->done ? TURN_DONE : TURN_WAIT;
}

/* Until the batch has been served, by us or another. FALSE when the context ends first. */
static gboolean await(DiskLookups *lookups, Batch *batch, const EvsContext *context)
{
  for (;;) {
    guint pages = 0;
    switch (take_turn(lookups, batch, context->deadline_us, &pages)) {
    case TURN_DONE:
      return TRUE;
    case TURN_SERVE:
      serve(lookups, batch, pages, context);
      return TRUE;
    case TURN_WAIT:
      if (!context_alive(context))
        return FALSE;
    }
  }
}

gboolean disk_lookup(DiskLookups *lookups, const EvsContext *context, const char *name,
                     void (*visit)(GPtrArray *disks, void *data), void *data, GError **error)
{
  for (;;) {
    Batch *batch = join(lookups, name);
    gboolean served = await(lookups, batch, context);
    gboolean good = served && batch->disks;
    if (good)
      visit(batch->disks, data);
    /* Whoever made the listing gave up: that is no reason for us. */
    gboolean again = served && evs_error_is(batch->error, EVS_CODE_ABORTED) && context_alive(context);
    if (served && !good && !again)
      g_propagate_error(error, g_error_copy(batch->error));
    leave(lookups, batch);
    if (again)
      continue;
    return served ? good
                  : evs_error_set(error, EVS_CODE_ABORTED, "gave up looking for a disk named '%s'", name);
  }
}

guint disk_lookups_gathered(DiskLookups *lookups)
{
  MUTEX_HOLD(&lookups->lock);
  return lookups->gathering ? lookups->gathering->members : 0;
}
