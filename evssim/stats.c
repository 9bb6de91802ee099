#include "evssim/stats.h"

typedef struct {
  guint64 total;
  GHashTable *status, *code; /* text -> guint64* */
} OpCalls;

typedef struct {
  guint64 taken;       /* requests so far: gives the n-th its earliest time of sending */
  gint64 makespan_us;  /* when the last would end */
  GHashTable *busy_us; /* server id -> gint64*: until when its lane is taken */
} Oracle;

struct Stats {
  const Profile *profile;
  GHashTable *calls;   /* op -> OpCalls* */
  GHashTable *oracles; /* kind -> Oracle* */
};

static void op_calls_free(OpCalls *calls)
{
  g_hash_table_unref(calls->status);
  g_hash_table_unref(calls->code);
  g_free(calls);
}

static void oracle_free(Oracle *oracle)
{
  g_hash_table_unref(oracle->busy_us);
  g_free(oracle);
}

Stats *stats_new(const Profile *profile)
{
  Stats *stats = g_new0(Stats, 1);
  stats->profile = profile;
  stats->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)op_calls_free);
  stats->oracles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)oracle_free);
  return stats;
}

void stats_free(Stats *stats)
{
  if (!stats)
    return;
  g_hash_table_unref(stats->calls);
  g_hash_table_unref(stats->oracles);
  g_free(stats);
}

void stats_reset(Stats *stats)
{
  g_hash_table_remove_all(stats->calls);
  g_hash_table_remove_all(stats->oracles);
}

static GHashTable *counter_table(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void counter_add(GHashTable *table, const char *key)
{
  guint64 *count = g_hash_table_lookup(table, key);
  if (!count) {
    count = g_new0(guint64, 1);
    g_hash_table_insert(table, g_strdup(key), count);
  }
  ++*count;
}

void stats_count(Stats *stats, const char *op, int status, const char *code)
{
  OpCalls *calls = g_hash_table_lookup(stats->calls, op);
  if (!calls) {
    calls = g_new0(OpCalls, 1);
    calls->status = counter_table();
    calls->code = counter_table();
    g_hash_table_insert(stats->calls, g_strdup(op), calls);
  }
  calls->total++;
  g_autofree char *text = status ? g_strdup_printf("%d", status) : g_strdup("dropped");
  counter_add(calls->status, text);
  if (code && *code)
    counter_add(calls->code, code);
}

guint64 stats_total(const Stats *stats, const char *op)
{
  const OpCalls *calls = g_hash_table_lookup(stats->calls, op);
  return calls ? calls->total : 0;
}

void stats_oracle_add(Stats *stats, const char *kind, const char *server_id, gint64 duration_us)
{
  Oracle *oracle = g_hash_table_lookup(stats->oracles, kind);
  if (!oracle) {
    oracle = g_new0(Oracle, 1);
    oracle->busy_us = counter_table();
    g_hash_table_insert(stats->oracles, g_strdup(kind), oracle);
  }
  gint64 start_us = 0;
  oracle->taken++;
  if (stats->profile->rate_rps > 0 && oracle->taken > (guint64)stats->profile->rate_burst) {
    double waiting = (double)(oracle->taken - (guint64)stats->profile->rate_burst);
    start_us = (gint64)(waiting / stats->profile->rate_rps * 1e6);
  }
  if (server_id && *server_id) {
    gint64 *busy_us = g_hash_table_lookup(oracle->busy_us, server_id);
    if (!busy_us) {
      busy_us = g_new0(gint64, 1);
      g_hash_table_insert(oracle->busy_us, g_strdup(server_id), busy_us);
    }
    start_us = MAX(start_us, *busy_us);
    *busy_us = start_us + duration_us;
  }
  oracle->makespan_us = MAX(oracle->makespan_us, start_us + duration_us);
}

static json_t *render_counters(GHashTable *table)
{
  json_t *object = json_object();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, table);
  while (g_hash_table_iter_next(&iter, &key, &value))
    json_object_set_new(object, key, json_integer((json_int_t) * (guint64 *)value));
  return object;
}

json_t *stats_render(const Stats *stats)
{
  json_t *calls = json_object(), *oracle = json_object();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, stats->calls);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    const OpCalls *op = value;
    json_object_set_new(calls, key,
                        json_pack("{s:I, s:o, s:o}", "total", (json_int_t)op->total, "status",
                                  render_counters(op->status), "code", render_counters(op->code)));
  }
  g_hash_table_iter_init(&iter, stats->oracles);
  while (g_hash_table_iter_next(&iter, &key, &value))
    json_object_set_new(oracle, key, json_integer(((Oracle *)value)->makespan_us / 1000));
  return json_pack("{s:o, s:o}", "calls", calls, "oracle_ms", oracle);
}
