#include "evssim/disk_history.h"

#include "base/clock.h"
#include "evssim/disks.h"

enum { HISTORY_MAX = 100000 };

typedef struct {
  gint64 changed_us; /* monotonic */
  char *id;
  json_t *old; /* NULL: it did not exist before */
} Change;

struct DiskHistory {
  GQueue changes; /* of Change*, oldest first */
};

static void change_free(gpointer data)
{
  Change *change = data;
  if (change->old)
    json_decref(change->old);
  g_free(change->id);
  g_free(change);
}

void disk_history_start(Sim *sim)
{
  sim->disk_history = g_new0(struct DiskHistory, 1);
  g_queue_init(&sim->disk_history->changes);
}

void disk_history_stop(Sim *sim)
{
  if (!sim->disk_history)
    return;
  g_queue_clear_full(&sim->disk_history->changes, change_free);
  g_clear_pointer(&sim->disk_history, g_free);
}

void disk_history_add(Sim *sim, const char *id, json_t *old)
{
  GQueue *changes = &sim->disk_history->changes;
  Change *change = g_new0(Change, 1);
  change->changed_us = clock_now_us();
  change->id = g_strdup(id);
  change->old = old ? json_incref(old) : NULL;
  g_queue_push_tail(changes, change);
  gint64 oldest_us = change->changed_us - (gint64)HISTORY_SECONDS * G_USEC_PER_SEC;
  for (Change *first = g_queue_peek_head(changes);
       first && (first->changed_us < oldest_us || changes->length > HISTORY_MAX);
       first = g_queue_peek_head(changes))
    change_free(g_queue_pop_head(changes));
}

/* id -> Change* : for each disk changed since then the oldest such change, whose record is what it was. */
static GHashTable *changes_since(const Sim *sim, gint64 since_us)
{
  GHashTable *oldest = g_hash_table_new(g_str_hash, g_str_equal);
  for (GList *at = sim->disk_history->changes.tail; at; at = at->prev) {
    Change *change = at->data;
    if (change->changed_us <= since_us)
      break;
    g_hash_table_insert(oldest, change->id, change);
  }
  return oldest;
}

DiskView *disk_view_new(const Sim *sim, const Project *project, gint64 age_us)
{
  DiskView *view = g_new0(DiskView, 1);
  view->disks = g_ptr_array_new();
  view->owned = g_ptr_array_new_with_free_func((GDestroyNotify)disk_free);
  g_autoptr(GHashTable) changed = changes_since(sim, age_us > 0 ? clock_now_us() - age_us : G_MAXINT64);
  GHashTableIter iter;
  gpointer id, value;
  g_hash_table_iter_init(&iter, sim->disks);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    Disk *disk = value;
    if (disk->project == project && !g_hash_table_contains(changed, id) && disk_is_visible(sim, disk))
      g_ptr_array_add(view->disks, disk);
  }
  g_hash_table_iter_init(&iter, changed);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    const Change *change = value;
    Disk *disk = change->old ? disk_from_record(sim, id, change->old) : NULL;
    if (!disk)
      continue;
    g_ptr_array_add(view->owned, disk);
    if (disk->project == project && disk_is_visible(sim, disk))
      g_ptr_array_add(view->disks, disk);
  }
  return view;
}

void disk_view_free(DiskView *view)
{
  if (!view)
    return;
  g_ptr_array_unref(view->disks);
  g_ptr_array_unref(view->owned);
  g_free(view);
}
