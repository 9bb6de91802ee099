/* evsctl orphans: what a cluster left in the cloud that nothing uses, and its removal. */
#include "base/clock.h"
#include "base/text.h"
#include "evsclient/session.h"
#include "evsctl/command.h"
#include "evsctl/duration.h"
#include "evsctl/orphan_show.h"

enum { CLUSTER_ID_MAX = 40, DEFAULT_AGE_S = 3600 };

typedef struct {
  char *cluster_id, *driver_name, *pv_list, *older_than;
  gboolean delete, force;
} Options;

static const Flag flags[] = {
  FLAG(Options, cluster_id, TEXT, "cluster-id", "ID",
       "whose disks: --cluster-id of its controller (required)"),
  FLAG(Options, driver_name, TEXT, "driver-name", "NAME",
       "--driver-name of its controller (" OWNER_DEFAULT_DRIVER ")"),
  FLAG(Options, pv_list, TEXT, "pv-list", "-|FILE|kubectl",
       "what the cluster uses: JSON of PVs and VolumeSnapshotContents, or kubectl is asked"),
  FLAG(Options, older_than, TEXT, "older-than", "TIME", "younger ones stay, a create may be under way (1h)"),
  FLAG(Options, delete, SWITCH, "delete", NULL, "delete what may go, after a question (--yes: without)"),
  FLAG(Options, force, SWITCH, "force", NULL, "delete though the list names no disk of this cluster at all"),
};

/* All that is judged, read from the cloud and the cluster. */
typedef struct {
  OrphanSearch search; /* points into what follows */
  GPtrArray *disks, *snapshots;
  PvList *pvs;
} World;

static void world_clear(World *world)
{
  g_clear_pointer(&world->disks, g_ptr_array_unref);
  g_clear_pointer(&world->snapshots, g_ptr_array_unref);
  g_clear_pointer(&world->pvs, pv_list_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

/* The cluster is asked after the cloud: a disk made in between is not in question. */
static gboolean world_read(World *world, Session *session, const Options *options, gint64 min_age_s,
                           GError **error)
{
  EvsClient *client = session_client(session, error);
  const EvsContext *context = session_context(session);
  const EvsDiskFilter all_disks = {0};
  const EvsSnapshotFilter all_snapshots = {0};
  if (!client || !(world->disks = evs_disk_list(client, context, &all_disks, error)) ||
      !(world->snapshots = evs_snapshot_list(client, context, &all_snapshots, error)))
    return FALSE;
  if (options->pv_list && !world->pvs && !(world->pvs = pv_list_load(options->pv_list, context, error)))
    return FALSE;
  world->search = (OrphanSearch){
    .owner = {options->cluster_id, options->driver_name ? options->driver_name : OWNER_DEFAULT_DRIVER},
    .disks = world->disks,
    .snapshots = world->snapshots,
    .pvs = world->pvs,
    .now_wall_us = clock_wall_us() + __atomic_load_n(&client->skew_us, __ATOMIC_RELAXED),
    .min_age_s = min_age_s,
  };
  return TRUE;
}

/* Again, right before the deletes. A list from stdin or a file cannot be read anew. */
static gboolean world_read_again(World *world, Session *session, const Options *options, gint64 min_age_s,
                                 GError **error)
{
  PvList *pvs = g_str_equal(options->pv_list, "kubectl") ? NULL : g_steal_pointer(&world->pvs);
  world_clear(world);
  world->pvs = pvs;
  return world_read(world, session, options, min_age_s, error);
}

/* ---- showing ---- */

static void set_text(json_t *object, const char *key, const char *text)
{
  evs_json_set_text(object, key, text);
}

/* results: NULL, or as orphan_delete_all() gives them for those of `orphans` that are in `chosen`. */
static json_t *show_all(const GPtrArray *orphans, const GPtrArray *chosen, const GPtrArray *results)
{
  json_t *rows = json_array();
  for (guint i = 0; i < orphans->len; i++) {
    guint at;
    gboolean was_chosen = results && g_ptr_array_find((GPtrArray *)chosen, orphans->pdata[i], &at);
    json_array_append_new(rows, orphan_show(orphans->pdata[i], was_chosen ? results->pdata[at] : NULL));
  }
  return rows;
}

#define COLUMNS "kind id name size_gib:GIB status age why end:WHAT_BECOMES_OF_IT"

static void print_rows(Session *session, const World *world, json_t *rows)
{
  if (session_output(session) == OUTPUT_TABLE) {
    session_print(session, rows, COLUMNS);
    return;
  }
  json_t *shown = json_object();
  set_text(shown, "cluster_id", world->search.owner.cluster_id);
  set_text(shown, "driver_name", world->search.owner.driver_name);
  json_object_set_new(shown, "disks", json_integer(world->disks->len));
  json_object_set_new(shown, "snapshots", json_integer(world->snapshots->len));
  json_object_set_new(shown, "pvs", world->pvs ? json_integer(world->pvs->pv_count) : json_null());
  json_object_set_new(shown, "snapshot_contents",
                      world->pvs ? json_integer(world->pvs->content_count) : json_null());
  json_object_set_new(shown, "named_disks", json_integer(orphan_count_named(&world->search)));
  json_object_set_new(shown, "orphans", rows);
  session_print(session, shown, NULL);
}

/* ---- deleting ---- */

/* A list of the wrong cluster, or half a list, would make every disk look unused. */
static gboolean trust_list(const World *world, const Options *options, GError **error)
{
  if (world->pvs->pv_count == 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--pv-list: it holds no PersistentVolume: nothing is deleted by such a list");
  if (orphan_count_named(&world->search) > 0 || options->force)
    return TRUE;
  evs_error_set(
    error, EVS_CODE_FAILED_PRECONDITION,
    "none of the %u PVs in the list names a disk of cluster '%s': is it the list of another cluster",
    world->pvs->pv_count, options->cluster_id);
  if (error)
    evs_error_set_remedy(*error, "if the cluster really uses none of its disks any more, add --force");
  return FALSE;
}

static GPtrArray *choose(const GPtrArray *orphans)
{
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < orphans->len; i++) {
    if (!((const Orphan *)orphans->pdata[i])->keep)
      g_ptr_array_add(chosen, orphans->pdata[i]);
  }
  return chosen;
}

static gboolean confirm(Session *session, const GPtrArray *orphans, const GPtrArray *chosen, GError **error)
{
  gint64 gib = 0;
  guint disks = 0;
  for (guint i = 0; i < chosen->len; i++) {
    const Orphan *orphan = chosen->pdata[i];
    disks += orphan->is_snapshot ? 0 : 1;
    gib += orphan->is_snapshot ? 0 : orphan->size_gib;
  }
  if (!session->yes) {
    json_t *rows = show_all(orphans, NULL, NULL);
    output_write(stderr, OUTPUT_TABLE, rows, COLUMNS);
    json_decref(rows);
  }
  g_autofree char *question =
    g_strdup_printf("delete %u disks with %" G_GINT64_FORMAT " GiB and %u snapshots, and all data on them?",
                    disks, gib, chosen->len - disks);
  return session_confirm(session, question, error);
}

static gboolean check_results(const GPtrArray *results, GError **error)
{
  guint failed = 0, going = 0;
  for (guint i = 0; i < results->len; i++) {
    const OrphanResult *result = results->pdata[i];
    failed += result->end == ORPHAN_FAILED_TO_GO ? 1 : 0;
    going += result->end == ORPHAN_GOING ? 1 : 0;
  }
  if (failed > 0)
    return evs_error_set(error, EVS_CODE_INTERNAL, "%u of %u could not be deleted", failed, results->len);
  if (going > 0) {
    evs_error_set(error, EVS_CODE_ABORTED, "%u of %u are still being deleted", going, results->len);
    evs_error_set_outcome(*error, EVS_OUTCOME_UNKNOWN);
  }
  return going == 0;
}

static gboolean delete_orphans(Session *session, const Options *options, World *world, gint64 min_age_s,
                               const GPtrArray *orphans, GError **error)
{
  g_autoptr(GPtrArray) chosen = choose(orphans), results = NULL;
  if (chosen->len == 0) {
    print_rows(session, world, show_all(orphans, NULL, NULL));
    return TRUE;
  }
  if (!trust_list(world, options, error) || !confirm(session, orphans, chosen, error) ||
      !world_read_again(world, session, options, min_age_s, error) || !trust_list(world, options, error))
    return FALSE;
  results =
    orphan_delete_all(session_client(session, error), session_context(session), &world->search, chosen);
  print_rows(session, world, show_all(orphans, chosen, results));
  return check_results(results, error);
}

/* ---- the command ---- */

static gboolean check_options(const Options *options, gint64 *ret_age_s, GError **error)
{
  *ret_age_s = DEFAULT_AGE_S;
  if (!text_is_label(options->cluster_id, CLUSTER_ID_MAX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--cluster-id: 1 to %d of letters, digits, '.', '_', '-' are expected",
                         CLUSTER_ID_MAX);
  if (options->delete &&!options->pv_list)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--delete: needs --pv-list: without it nobody knows what is in use");
  return !options->older_than || duration_parse("older-than", options->older_than, ret_age_s, error);
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  (void)arguments;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  g_auto(World) world = {0};
  gint64 min_age_s;
  gboolean ok = check_options(options, &min_age_s, &error) &&
                world_read(&world, session, options, min_age_s, &error) &&
                (!options->delete || world.pvs->pv_count > 0 || trust_list(&world, options, &error));
  if (!ok)
    return session_end(FALSE, error);
  g_autoptr(GPtrArray) orphans = orphan_find(&world.search);
  if (options->delete)
    ok = delete_orphans(session, options, &world, min_age_s, orphans, &error);
  else
    print_rows(session, &world, show_all(orphans, NULL, NULL));
  return session_end(ok, error);
}

static const Command commands[] = {
  {.arguments = "",
   .summary = "find, and with --delete remove, disks and snapshots that the cluster does not use",
   .description = "Looks at the disks and snapshots that carry the marks of this cluster and driver:\n"
                  "  disk            no PV names it\n"
                  "  duplicate       another disk has the same volume name (what two controllers may leave)\n"
                  "  failed disk     its status is an error; shown even if a PV names it\n"
                  "  snapshot        no VolumeSnapshotContent names it\n"
                  "  clone snapshot  temporary, of a clone that is over\n"
                  "Without --pv-list only duplicates, failed disks and clone snapshots can be told.\n"
                  "\n"
                  "Stays in any case: what a PV or content names, what is attached, has snapshots, is being "
                  "changed, is offered to\n"
                  "another project, is paid by the year or month, or is younger than --older-than. Each one "
                  "is looked at again right\n"
                  "before its delete. A list without PVs deletes nothing.\n"
                  "\n"
                  "Examples:\n"
                  "  evsctl orphans --cluster-id=prod-1 --pv-list=kubectl\n"
                  "  kubectl get persistentvolumes,volumesnapshotcontents -o json | evsctl orphans "
                  "--cluster-id=prod-1 --pv-list=-\n"
                  "  evsctl orphans --cluster-id=prod-1 --pv-list=kubectl --older-than=2d --delete\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup orphans_group =
  COMMAND_GROUP("orphans", "disks and snapshots that a cluster left behind", commands);
