#include "bench/bench.h"

#include "base/clock.h"

/* How fast evs-sim's jobs run while something is prepared. */
static const double preparation_speed = 100;

static void disk_free(BenchDisk *disk)
{
  g_free(disk->name);
  g_free(disk->volume_id);
  g_free(disk->snapshot_name);
  g_free(disk->snapshot_id);
  if (disk->created)
    protobuf_c_message_free_unpacked(&disk->created->base, NULL);
  if (disk->published)
    protobuf_c_message_free_unpacked(&disk->published->base, NULL);
  g_free(disk);
}

Bench *bench_new(const Options *options, GError **error)
{
  g_autoptr(Bench) bench = g_new0(Bench, 1);
  bench->options = options;
  bench->disks = g_ptr_array_new_with_free_func((GDestroyNotify)disk_free);
  bench->servers = g_ptr_array_new_with_free_func(g_free);
  /* No two runs share a name: what an earlier one left must not be adopted. */
  bench->name_prefix = g_strdup_printf("pvc-bench-%" G_GINT64_FORMAT, clock_wall_us() / 1000);
  for (; options->controllers && options->controllers[bench->n_controllers]; bench->n_controllers++)
    for (int sidecar = 0; sidecar < SIDECAR_COUNT; sidecar++) {
      const char *endpoint = options->controllers[bench->n_controllers];
      if (!(bench->controllers[bench->n_controllers][sidecar] = rpc_client_new(endpoint, error)))
        return NULL;
    }
  if (options->node && !(bench->node = rpc_client_new(options->node, error)))
    return NULL;
  if (options->sim)
    bench->sim = sim_link_new(options->sim);
  for (char **id = options->servers; id && *id; id++)
    g_ptr_array_add(bench->servers, g_strdup(*id));
  return g_steal_pointer(&bench);
}

void bench_free(Bench *bench)
{
  if (!bench)
    return;
  for (guint i = 0; i < ENDPOINTS_MAX; i++)
    for (int sidecar = 0; sidecar < SIDECAR_COUNT; sidecar++)
      rpc_client_free(bench->controllers[i][sidecar]);
  rpc_client_free(bench->node);
  sim_link_free(bench->sim);
  g_ptr_array_unref(bench->disks);
  g_ptr_array_unref(bench->servers);
  g_free(bench->name_prefix);
  g_free(bench);
}

StormOptions bench_storm_options(const Bench *bench)
{
  const Options *options = bench->options;
  return (StormOptions){.workers = (guint)options->workers,
                        .back_off = {.start_ms = options->back_off_start_ms,
                                     .max_ms = options->back_off_max_ms,
                                     .jitter = options->jitter},
                        .limit_ms = options->limit_s * 1000,
                        .seed = options->seed};
}

void stock_add(Bench *bench, guint count)
{
  for (guint i = 0; i < count; i++) {
    BenchDisk *disk = g_new0(BenchDisk, 1);
    disk->number = bench->named++;
    disk->name = g_strdup_printf("%s-%05u", bench->name_prefix, disk->number);
    g_ptr_array_add(bench->disks, disk);
  }
}

/* ---- servers ---- */

/* The zone that --topology names, else that of the account's first server. */
static gboolean add_server(Bench *bench, const json_t *first, GError **error)
{
  const char *topology = bench->options->topology;
  const char *zone = topology ? strchr(topology, '=') + 1 : json_string_value(json_object_get(first, "zone"));
  g_autofree char *name = g_strdup_printf("%s-server-%u", bench->name_prefix, bench->servers->len);
  json_t *body =
    json_pack("{s:s, s:s, s:s, s:s}", "account", json_string_value(json_object_get(first, "account")), "name",
              name, "zone", zone, "bus", "virtio");
  json_t *answer = NULL;
  if (!sim_link_request(bench->sim, "POST", "/_sim/servers", body, &answer, error))
    return FALSE;
  g_ptr_array_add(bench->servers, g_strdup(json_string_value(json_object_get(answer, "id"))));
  json_decref(answer);
  return TRUE;
}

gboolean stock_servers(Bench *bench, guint count, GError **error)
{
  if (bench->servers->len >= count)
    return TRUE;
  if (!bench->sim)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%u servers are needed, --servers names %u", count,
                         bench->servers->len);
  json_t *state = NULL;
  if (!sim_link_request(bench->sim, "GET", "/_sim/state", NULL, &state, error))
    return FALSE;
  const json_t *first = json_array_get(json_object_get(state, "servers"), 0);
  gboolean success = first || evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "evs-sim has no server");
  while (success && bench->servers->len < count)
    success = add_server(bench, first, error);
  json_decref(state);
  return success;
}

/* ---- disks ---- */

typedef const StormStep *const *(*ChooseSteps)(const BenchDisk *disk);

/* Gives the disks from `from` on the steps that choose() says (NULL: none), by the driver, while time runs fast. */
static gboolean prepare(Bench *bench, guint from, ChooseSteps choose, GError **error)
{
  StormOptions options = bench_storm_options(bench);
  g_autoptr(Storm) storm = storm_new(&options);
  for (guint i = from; i < bench->disks->len; i++) {
    BenchDisk *disk = g_ptr_array_index(bench->disks, i);
    const StormStep *const *steps = choose(disk);
    if (steps)
      storm_add(storm, disk, steps, 0);
  }
  if (storm_objects(storm) == 0)
    return TRUE;
  if (bench->sim && !sim_link_set_speed(bench->sim, preparation_speed, error))
    return FALSE;
  storm_run(storm, bench);
  if (bench->sim && !sim_link_set_speed(bench->sim, 1, error))
    return FALSE;
  if (storm_done(storm) == storm_objects(storm))
    return TRUE;
  json_t *failures = storm_failures(storm), *retries = storm_retries(storm);
  const char *first = json_string_value(json_object_get(failures, "first"));
  if (!first)
    first = json_string_value(json_object_get(retries, "first"));
  evs_error_set(error, EVS_CODE_DEADLINE_EXCEEDED, "preparation: %u of %u disks are ready in time; %s",
                storm_done(storm), storm_objects(storm), first ? first : "no failure was seen");
  json_decref(failures);
  json_decref(retries);
  return FALSE;
}

static const StormStep *const *steps_to_clear(const BenchDisk *disk)
{
  static const StormStep *const all[] = {&step_delete_snapshot, &step_detach, &step_delete, NULL};
  static const StormStep *const snapshot[] = {&step_delete_snapshot, &step_delete, NULL};
  if (!disk->volume_id || disk->deleted)
    return NULL;
  if (disk->snapshot_id)
    return disk->server_id ? all : snapshot;
  return disk->server_id ? all + 1 : all + 2;
}

static const StormStep *const *steps_to_have(const BenchDisk *disk)
{
  static const StormStep *const create_attach[] = {&step_create, &step_attach, NULL};
  static const StormStep *const create[] = {&step_create, NULL};
  static const StormStep *const detach[] = {&step_detach, NULL};
  if (!disk->volume_id)
    return disk->server_id ? create_attach : create;
  if (disk->server_id && !disk->published)
    return create_attach + 1;
  return !disk->server_id && disk->published ? detach : NULL;
}

void stock_forget_deleted(Bench *bench)
{
  for (guint i = bench->disks->len; i-- > 0;) {
    BenchDisk *disk = g_ptr_array_index(bench->disks, i);
    if (!disk->volume_id || disk->deleted)
      g_ptr_array_remove_index(bench->disks, i);
  }
}

static gboolean clear_from(Bench *bench, guint from, GError **error)
{
  if (!prepare(bench, from, steps_to_clear, error))
    return FALSE;
  g_ptr_array_set_size(bench->disks, (int)MIN(from, bench->disks->len));
  return TRUE;
}

gboolean stock_clear(Bench *bench, GError **error)
{
  return clear_from(bench, 0, error);
}

gboolean stock_disks(Bench *bench, guint count, guint servers, GError **error)
{
  if (!stock_servers(bench, servers, error) || !clear_from(bench, count, error))
    return FALSE;
  if (servers == 0)
    for (guint i = 0; i < bench->disks->len; i++) {
      BenchDisk *disk = g_ptr_array_index(bench->disks, i);
      if (disk->published && !clear_from(bench, i, error)) /* attached ones are of no use here */
        return FALSE;
    }
  guint have = bench->disks->len;
  if (have < count)
    stock_add(bench, count - have);
  for (guint i = 0; servers && i < bench->disks->len; i++) {
    BenchDisk *disk = g_ptr_array_index(bench->disks, i);
    if (!disk->server_id)
      disk->server_id = g_ptr_array_index(bench->servers, i % servers);
  }
  return prepare(bench, 0, steps_to_have, error);
}
