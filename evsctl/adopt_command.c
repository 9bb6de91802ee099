/* evsctl adopt: makes a disk a cluster's own, and writes the PV for it. */
#include "base/text.h"
#include "evsctl/adopt.h"
#include "evsctl/command.h"
#include "evsctl/pv_manifest.h"
#include "evsctl/volume_find.h"

enum { CLUSTER_ID_MAX = 40 };

typedef struct {
  char *cluster_id, *driver_name, *pv, *claim, *fs_type, *storage_class, *reclaim_policy;
  gboolean force, snapshots, emit_pv, claims, block, format_if_empty;
} Options;

/* As pv_manifest_file_systems, and whatever is on the disk. */
#define ANY_FILE_SYSTEM "any"
static const char *const file_systems[] = {"ext4", "ext3", "xfs", "btrfs", ANY_FILE_SYSTEM, NULL};

static const char *const reclaim_policies[] = {"Retain", "Delete", NULL};

static const Flag flags[] = {
  FLAG(Options, cluster_id, TEXT, "cluster-id", "ID",
       "the new owner: --cluster-id of its controller (required)"),
  FLAG(Options, driver_name, TEXT, "driver-name", "NAME",
       "--driver-name of its controller (" OWNER_DEFAULT_DRIVER ")"),
  FLAG(Options, pv, TEXT, "pv", "NAME", "PV that the disk is for: noted on it, and the name in --emit-pv"),
  FLAG(Options, force, SWITCH, "force", NULL,
       "do not ask, though the disk belongs to another cluster or is bootable"),
  FLAG(Options, snapshots, SWITCH, "snapshots", NULL, "the disk's snapshots too"),
  FLAG(Options, emit_pv, SWITCH, "emit-pv", NULL, "print a static PV for kubectl apply (YAML, or -o json)"),
  FLAG(Options, claim, TEXT, "claim", "NAMESPACE/NAME",
       "in --emit-pv: the claim that the PV is for; it is printed too"),
  FLAG(Options, claims, SWITCH, "claims", NULL, "as --claim: those that the disks' marks name"),
  FLAG(Options, fs_type, TEXT, "fs-type", "TYPE", "the file system on the disk, for --emit-pv (ext4)",
       .choices = file_systems),
  FLAG(Options, block, SWITCH, "block", NULL, "volumeMode Block in --emit-pv"),
  FLAG(Options, format_if_empty, SWITCH, "format-if-empty", NULL,
       "in --emit-pv: the driver may format the disk if it is empty"),
  FLAG(Options, storage_class, TEXT, "storage-class", "NAME", "storageClassName in --emit-pv (none)"),
  FLAG(Options, reclaim_policy, TEXT, "reclaim-policy", "POLICY",
       "what becomes of the disk with the PV (Retain)", .choices = reclaim_policies),
};

static void free_adoption(gpointer adoption)
{
  adoption_free(adoption);
}

/* Namespace and name, or NULL. Newly allocated. */
static char **split_claim(const char *text)
{
  g_auto(GStrv) sides = g_strsplit(text, "/", 2);
  if (g_strv_length(sides) != 2 || !pv_manifest_namespace_is_valid(sides[0]) ||
      !pv_manifest_name_is_valid(sides[1]))
    return NULL;
  return g_steal_pointer(&sides);
}

static gboolean check_options(const Options *options, char **volumes, GError **error)
{
  if (!text_is_label(options->cluster_id, CLUSTER_ID_MAX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--cluster-id: 1 to %d of letters, digits, '.', '_', '-' are expected",
                         CLUSTER_ID_MAX);
  if (options->pv && volumes[0] && volumes[1])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--pv: names the PV of one disk, not of several");
  if (options->pv && !pv_manifest_name_is_valid(options->pv))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--pv: '%s': at most 253 of a-z, 0-9, '.', '-' are expected, as in names of PVs",
                         options->pv);
  if ((options->claim || options->claims) && !options->emit_pv)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--claim, --claims: are for --emit-pv");
  if (options->claim && (options->claims || volumes[1]))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--claim: names the claim of one disk");
  g_auto(GStrv) claim = options->claim ? split_claim(options->claim) : NULL;
  if (options->claim && !claim)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--claim: '%s': NAMESPACE/NAME is expected, as Kubernetes takes them",
                         options->claim);
  return TRUE;
}

/* All disks are found and judged before the first is changed. */
static GPtrArray *judge_all(EvsClient *client, const EvsContext *context, const Owner *owner, char **volumes,
                            GError **error)
{
  g_autoptr(GPtrArray) adoptions = g_ptr_array_new_with_free_func(free_adoption);
  for (char **volume = volumes; *volume; volume++) {
    EvsDisk *disk = volume_find(client, context, *volume, error);
    if (!disk)
      return NULL;
    Adoption *adoption = adoption_new(owner, disk);
    g_ptr_array_add(adoptions, adoption);
    if (adoption->refusal) {
      evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "%s", adoption->refusal);
      return NULL;
    }
  }
  return g_steal_pointer(&adoptions);
}

static gboolean confirm(Session *session, const Options *options, const GPtrArray *adoptions, GError **error)
{
  g_autoptr(GString) question = g_string_new(NULL);
  for (guint i = 0; i < adoptions->len; i++) {
    const Adoption *adoption = adoptions->pdata[i];
    if (adoption->is_forced)
      g_string_append_printf(question, "%sdisk '%s' %s %s%s", question->len ? "; " : "", adoption->disk->id,
                             adoption->before == OWNER_NOBODY ? "is of" : "belongs to", adoption->before_text,
                             adoption->disk->bootable ? " and holds a system" : "");
  }
  if (question->len == 0 || options->force)
    return TRUE;
  g_string_append_printf(question, ". Cluster '%s' shall own it, and may delete it from then on. Adopt?",
                         options->cluster_id);
  if (session_confirm(session, question->str, error))
    return TRUE;
  evs_error_set_remedy(*error, "--force adopts without a question");
  return FALSE;
}

static json_t *show_row(const Adoption *adoption, const Owner *owner, guint snapshots)
{
  g_autofree char *now = g_strdup_printf("cluster '%s', driver '%s'", owner->cluster_id, owner->driver_name);
  json_t *row = json_object();
  evs_json_set_text(row, "id", adoption->disk->id);
  evs_json_set_text(row, "name", adoption->disk->name);
  json_object_set_new(row, "size_gib", json_integer(adoption->disk->size_gib));
  evs_json_set_text(row, "status", adoption->disk->status);
  evs_json_set_text(row, "before", adoption->before_text);
  evs_json_set_text(row, "owner", now);
  json_object_set_new(row, "snapshots", json_integer(snapshots));
  return row;
}

/* The claim that the PV shall be for; NULL: none is known. Newly allocated. */
static char **choose_claim(const Options *options, const EvsDisk *disk)
{
  if (options->claim)
    return split_claim(options->claim);
  if (!options->claims)
    return NULL;
  g_autofree char *noted = g_strconcat(evs_disk_metadata(disk, OWNER_KEY_PVC_NAMESPACE), "/",
                                       evs_disk_metadata(disk, OWNER_KEY_PVC_NAME), NULL);
  return split_claim(noted);
}

/* Appends the PV, and its claim if it has one. */
static void add_manifest(const Options *options, const Owner *owner, const EvsDisk *disk, json_t *manifests)
{
  const PvManifestOrder order = {
    .name = options->pv,
    .driver_name = owner->driver_name,
    .fs_type = g_strcmp0(options->fs_type, ANY_FILE_SYSTEM) == 0 ? "" : options->fs_type,
    .storage_class = options->storage_class,
    .block = options->block,
    .reclaim_delete = g_strcmp0(options->reclaim_policy, "Delete") == 0,
    .format_if_empty = options->format_if_empty,
  };
  json_t *pv = pv_manifest_make(disk, &order);
  json_array_append_new(manifests, pv);
  g_auto(GStrv) claim = choose_claim(options, disk);
  if (claim)
    json_array_append_new(manifests, pv_manifest_bind(pv, claim[0], claim[1]));
}

#define COLUMNS "id name size_gib:GIB status before owner snapshots"

/* One manifest is an object, several are a List: kubectl takes both. Takes the references. */
static void print(Session *session, const Options *options, json_t *rows, json_t *manifests)
{
  if (!options->emit_pv) {
    session_print(session, rows, COLUMNS);
    json_decref(manifests);
    return;
  }
  json_t *document = json_array_size(manifests) == 1
                       ? json_incref(json_array_get(manifests, 0))
                       : json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", manifests);
  output_write(stderr, OUTPUT_TABLE, rows, COLUMNS);
  output_write(stdout, session_output(session) == OUTPUT_JSON ? OUTPUT_JSON : OUTPUT_YAML, document, NULL);
  json_decref(document);
  json_decref(rows);
  json_decref(manifests);
}

/* What was adopted before one failed is printed all the same. */
static gboolean adopt_all(Session *session, const Options *options, const Owner *owner, GPtrArray *adoptions,
                          GError **error)
{
  EvsClient *client = session_client(session, error);
  const EvsContext *context = session_context(session);
  json_t *rows = json_array(), *manifests = json_array();
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < adoptions->len; i++) {
    Adoption *adoption = adoptions->pdata[i];
    guint snapshots = 0;
    ok = adoption_apply(client, context, owner, options->pv, adoption, error) &&
         (!options->snapshots ||
          adoption_apply_snapshots(client, context, owner, adoption->disk->id, &snapshots, error));
    if (!ok)
      break;
    json_array_append_new(rows, show_row(adoption, owner, snapshots));
    add_manifest(options, owner, adoption->disk, manifests);
  }
  if (json_array_size(rows) > 0) {
    print(session, options, rows, manifests);
  } else {
    json_decref(rows);
    json_decref(manifests);
  }
  return ok;
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  const Owner owner = {options->cluster_id,
                       options->driver_name ? options->driver_name : OWNER_DEFAULT_DRIVER};
  EvsClient *client = check_options(options, arguments, &error) ? session_client(session, &error) : NULL;
  g_autoptr(GPtrArray) adoptions =
    client ? judge_all(client, session_context(session), &owner, arguments, &error) : NULL;
  gboolean ok = adoptions && confirm(session, options, adoptions, &error) &&
                adopt_all(session, options, &owner, adoptions, &error);
  return session_end(ok, error);
}

static const Command commands[] = {
  {.arguments = "VOLUME...",
   .least = 1,
   .most = ANY_NUMBER,
   .summary = "make disks a cluster's own, and write static PVs for them",
   .description =
     "Sets the owner marks in the metadata of disks that belong to nobody, or, after a question or with "
     "--force, to\n"
     "another cluster: after that this cluster's driver deletes them, and the other's refuses to. Nothing "
     "else is changed:\n"
     "no data, no attachment, no name. VOLUME is a disk's id, the name of a PV, or the disk's name.\n"
     "\n"
     "The driver never formats an adopted disk, unless its PV says so (--format-if-empty).\n"
     "\n"
     "Examples:\n"
     "  evsctl adopt 5f8de1a2-0000-4000-8000-000000000001 --cluster-id=prod-2 --pv=data --emit-pv | kubectl "
     "apply -f -\n"
     "  evsctl adopt pvc-1 pvc-2 --cluster-id=prod-2 --force --snapshots --emit-pv --claims --fs-type=any\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup adopt_group = COMMAND_GROUP("adopt", "make disks a cluster's own", commands);
