/* What runs, by method: how many flights, and how old the oldest is. Read when a page is rendered. */
#include "rpc/internal.h"

typedef struct {
  guint count;
  gint64 oldest_us;
} Pending;

/* Every method that runs as flights, at nothing. The names belong to the caller's tables. */
static GHashTable *all_idle(RpcServer *server)
{
  GHashTable *by_method = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, server->methods);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    const RpcEntry *entry = value;
    if (entry->method->key)
      g_hash_table_replace(by_method, (gpointer)entry->method->name, g_new0(Pending, 1));
  }
  return by_method;
}

/* operation: "CreateVolume pvc-1". */
static void add_flight(const char *operation, gint64 age_us, void *data)
{
  g_autofree char *method = g_strndup(operation, strcspn(operation, " "));
  Pending *pending = g_hash_table_lookup(data, method);
  if (!pending)
    return;
  pending->count++;
  pending->oldest_us = MAX(pending->oldest_us, age_us);
}

static void collect(void *data)
{
  RpcServer *server = data;
  g_autoptr(GHashTable) by_method = all_idle(server);
  flight_table_visit(server->flights, add_flight, by_method);
  MetricFamily *counts = metrics_gauge("evs_pending_operations", "Operations under way.", "method", NULL);
  MetricFamily *ages = metrics_gauge("evs_pending_operation_oldest_age_seconds",
                                     "How long the oldest operation under way runs.", "method", NULL);
  GHashTableIter iterator;
  gpointer method, value;
  g_hash_table_iter_init(&iterator, by_method);
  while (g_hash_table_iter_next(&iterator, &method, &value)) {
    const Pending *pending = value;
    metric_set(counts, pending->count, method);
    metric_set(ages, (double)pending->oldest_us / G_USEC_PER_SEC, method);
  }
}

void rpc_pending_metrics_begin(RpcServer *server)
{
  g_autoptr(GHashTable) by_method = all_idle(server);
  GHashTableIter iterator;
  gpointer method;
  g_hash_table_iter_init(&iterator, by_method);
  while (g_hash_table_iter_next(&iterator, &method, NULL))
    metric_add(server->metrics.joined, 0, method);
  metrics_collect(collect, server);
}

void rpc_pending_metrics_end(RpcServer *server)
{
  metrics_collect_end(collect, server);
}
