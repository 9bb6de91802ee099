/* Scenarios that ask the controller: create, attach, detach-delete, snapshot, mix. */
#include "bench/account.h"

#include "base/clock.h"

enum {
  DISKS_PER_SERVER = 10,
  LIVES_PER_SECOND = 2, /* of mix */
  MIX_SERVERS = 50,
  SNAPSHOT_EVERY = 5,
  EXPAND_EVERY = 7,
};

json_t *bench_render_calls(const GHashTable *calls)
{
  json_t *object = json_object();
  GHashTableIter iter;
  gpointer key, samples;
  g_hash_table_iter_init(&iter, (GHashTable *)calls);
  while (g_hash_table_iter_next(&iter, &key, &samples))
    json_object_set_new(object, key, samples_render(samples, "ms", 1000));
  return object;
}

/* What there must be before, and what happens to each disk of the stock. */
static gboolean prepare(Bench *bench, const Scenario *scenario, GError **error)
{
  guint servers = (scenario->count + DISKS_PER_SERVER - 1) / DISKS_PER_SERVER;
  switch (scenario->kind) {
  case SCENARIO_ATTACH:
    if (!stock_disks(bench, scenario->count, 0, error) || !stock_servers(bench, scenario->servers, error))
      return FALSE;
    for (guint i = 0; i < bench->disks->len; i++)
      ((BenchDisk *)g_ptr_array_index(bench->disks, i))->server_id =
        g_ptr_array_index(bench->servers, i % scenario->servers);
    return TRUE;
  case SCENARIO_DETACH_DELETE:
    return stock_disks(bench, scenario->count, MAX(bench->servers->len, MIN(servers, SERVERS_MAX)), error);
  case SCENARIO_SNAPSHOT:
    if (!stock_disks(bench, scenario->count, 0, error))
      return FALSE;
    for (guint i = 0; i < bench->disks->len; i++) {
      BenchDisk *disk = g_ptr_array_index(bench->disks, i);
      disk->snapshot_name = g_strdup_printf("snapshot-%s", disk->name);
    }
    return TRUE;
  case SCENARIO_MIX:
    return stock_servers(bench, MIX_SERVERS, error);
  default:
    return TRUE;
  }
}

/* Lives that begin at random times: created, attached; some snapshotted, some expanded; detached, deleted. */
static void add_mix(Bench *bench, const Scenario *scenario, Storm *storm)
{
  static const StormStep *const plain[] = {&step_create, &step_attach, &step_detach, &step_delete, NULL};
  static const StormStep *const snapshotted[] = {
    &step_create, &step_attach, &step_snapshot, &step_delete_snapshot, &step_detach, &step_delete, NULL};
  static const StormStep *const expanded[] = {&step_create, &step_attach, &step_expand,
                                              &step_detach, &step_delete, NULL};
  guint first = bench->disks->len, lives = scenario->count * LIVES_PER_SECOND;
  GRand *random = g_rand_new_with_seed((guint32)bench->options->seed);
  stock_add(bench, lives);
  for (guint i = 0; i < lives; i++) {
    BenchDisk *disk = g_ptr_array_index(bench->disks, first + i);
    const StormStep *const *steps = plain;
    disk->server_id = g_ptr_array_index(bench->servers, (guint)g_rand_int_range(random, 0, MIX_SERVERS));
    if (i % SNAPSHOT_EVERY == 0) {
      steps = snapshotted;
      disk->snapshot_name = g_strdup_printf("snapshot-%s", disk->name);
    } else if (i % EXPAND_EVERY == 0) {
      steps = expanded;
    }
    storm_add(storm, disk, steps, (gint64)(g_rand_double(random) * scenario->count * 1e6));
  }
  g_rand_free(random);
}

static void add_work(Bench *bench, const Scenario *scenario, Storm *storm)
{
  static const StormStep *const create[] = {&step_create, NULL}, *const attach[] = {&step_attach, NULL},
                                *const detach_delete[] = {&step_detach, &step_delete, NULL},
                                *const snapshot[] = {&step_snapshot, NULL};
  static const StormStep *const *const steps[] = {[SCENARIO_CREATE] = create,
                                                  [SCENARIO_ATTACH] = attach,
                                                  [SCENARIO_DETACH_DELETE] = detach_delete,
                                                  [SCENARIO_SNAPSHOT] = snapshot};
  if (scenario->kind == SCENARIO_MIX) {
    add_mix(bench, scenario, storm);
    return;
  }
  guint first = 0;
  if (scenario->kind == SCENARIO_CREATE) {
    first = bench->disks->len;
    stock_add(bench, scenario->count);
  }
  for (guint i = first; i < bench->disks->len; i++)
    storm_add(storm, g_ptr_array_index(bench->disks, i), steps[scenario->kind], 0);
}

static void add_ratio(json_t *row, const char *key, double makespan_ms, const json_t *oracle,
                      const char *kind)
{
  double oracle_ms = json_number_value(json_object_get(oracle, kind));
  if (oracle_ms > 0)
    json_object_set_new(row, key, json_real(makespan_ms / oracle_ms));
}

/* Of a mix there is no ratio: its work comes when it comes. Detaches begin at once and so have one of their own. */
static void add_ratios(const Scenario *scenario, const Storm *storm, json_t *row)
{
  const json_t *oracle = json_object_get(row, "oracle_ms");
  double makespan_ms = (double)storm_makespan_us(storm) / 1000;
  json_object_set_new(row, "makespan_ms", json_real(makespan_ms));
  if (scenario->kind == SCENARIO_MIX || storm_done(storm) < storm_objects(storm))
    return;
  add_ratio(row, "ratio", makespan_ms, oracle, "all");
  if (scenario->kind != SCENARIO_DETACH_DELETE)
    return;
  const GArray *answers = storm_answers(storm);
  gint64 last_us = 0, detached_us = 0;
  for (guint i = 0; i < answers->len; i++) {
    const StormAnswer *answer = &g_array_index(answers, StormAnswer, i);
    last_us = MAX(last_us, answer->wall_us);
    if (answer->step == &step_detach)
      detached_us = MAX(detached_us, answer->wall_us);
  }
  double detach_ms = makespan_ms - (double)(last_us - detached_us) / 1000;
  json_object_set_new(row, "detach_makespan_ms", json_real(detach_ms));
  add_ratio(row, "detach_ratio", detach_ms, oracle, "detach");
}

json_t *scenario_run_cloud(Bench *bench, const Scenario *scenario, GError **error)
{
  StormOptions options = bench_storm_options(bench);
  g_autoptr(Storm) storm = storm_new(&options);
  if (!prepare(bench, scenario, error))
    return NULL;
  add_work(bench, scenario, storm);
  if (!account_begin(bench, error))
    return NULL;
  ProcessWatch *watch = process_watch_start(bench->options->pids, bench->options->n_pids);
  storm_run(storm, bench);
  json_t *row = json_pack("{s:i, s:i, s:o, s:o, s:o}", "objects", (int)storm_objects(storm), "done",
                          (int)storm_done(storm), "rpc", bench_render_calls(storm_calls(storm)), "failures",
                          storm_failures(storm), "retries", storm_retries(storm));
  gboolean success = account_end(bench, storm, row, error);
  add_ratios(scenario, storm, row);
  clock_sleep_until(clock_deadline_in_ms(bench->options->settle_s * 1000));
  json_object_set_new(row, "processes", process_watch_stop(watch));
  if (!success)
    g_clear_pointer(&row, json_decref);
  stock_forget_deleted(bench);
  return row;
}
