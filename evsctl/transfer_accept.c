/* evsctl transfer accept: takes over the disks of handover files, and writes the manifests for them. */
#include "transfer/accept.h"

#include "base/clock.h"
#include "base/text.h"
#include "evsclient/quota.h"
#include "evsctl/command.h"
#include "evsctl/pv_manifest.h"
#include "evsctl/transfer_file.h"
#include "evsctl/transfer_manifest.h"
#include "evsctl/transfer_report.h"

enum { CLUSTER_ID_MAX = 40 };

typedef struct {
  char *cluster_id, *driver_name, *storage_class, *passphrase_file, *pv, *pvc, *pvc_namespace, *fs_type;
  gboolean dry_run, emit_pv;
} Options;

static const Flag flags[] = {
  FLAG(Options, dry_run, SWITCH, "dry-run", NULL, "check, and accept nothing"),
  FLAG(Options, emit_pv, SWITCH, "emit-pv", NULL,
       "print static PVs and their claims for kubectl apply (YAML, or -o json)"),
  FLAG(Options, cluster_id, TEXT, "cluster-id", "ID",
       "the new owner: --cluster-id of its controller (nobody)"),
  FLAG(Options, driver_name, TEXT, "driver-name", "NAME",
       "--driver-name of its controller (" OWNER_DEFAULT_DRIVER ")"),
  FLAG(Options, storage_class, TEXT, "storage-class", "NAME", "storageClassName in --emit-pv (none)"),
  FLAG(Options, pv, TEXT, "pv", "NAME", "name of the PV (what the file says)"),
  FLAG(Options, pvc, TEXT, "pvc", "NAME", "name of the claim (what the file says, else the PV's)"),
  FLAG(Options, pvc_namespace, TEXT, "namespace", "NAME",
       "namespace of the claim (what the file says, else default)"),
  FLAG(Options, fs_type, TEXT, "fs-type", "TYPE", "the file system on the disk (what the file says)",
       .choices = pv_manifest_file_systems),
  FLAG(Options, passphrase_file, TEXT, "passphrase-file", "FILE",
       "the first line of this file opens the handover files"),
};

/* One handover file. */
typedef struct {
  const char *path;    /* borrowed */
  Handover *handover;  /* NULL: unreadable */
  GPtrArray *problems; /* of TransferProblem*; never NULL */
  EvsDisk *disk;       /* in the own project; NULL: not yet */
  gboolean done;       /* accepted and marked */
  const char *end;     /* static */
} Incoming;

typedef struct {
  Session *session;
  const Options *options;
  EvsClient *client;
  char *project_id, *passphrase;
  Owner owner;
  TransferManifestOrder order;
  GPtrArray *all; /* of Incoming* */
} Accept;

static void incoming_free(gpointer data)
{
  Incoming *incoming = data;
  handover_free(incoming->handover);
  g_ptr_array_unref(incoming->problems);
  evs_disk_free(incoming->disk);
  g_free(incoming);
}

static void accept_clear(Accept *accept)
{
  g_clear_pointer(&accept->all, g_ptr_array_unref);
  g_clear_pointer(&accept->passphrase, handover_text_free);
  g_free(accept->project_id);
}

/* ---- what is asked for ---- */

static gboolean check_name(const char *flag, const char *name, GError **error)
{
  return !name || pv_manifest_name_is_valid(name) ||
         evs_error_set(
           error, EVS_CODE_INVALID_ARGUMENT,
           "--%s: '%s': at most 253 of a-z, 0-9, '.', '-' are expected, as in names of Kubernetes", flag,
           name);
}

static gboolean check_options(const Options *options, char **files, GError **error)
{
  if (options->cluster_id && !text_is_label(options->cluster_id, CLUSTER_ID_MAX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--cluster-id: 1 to %d of letters, digits, '.', '_', '-' are expected",
                         CLUSTER_ID_MAX);
  if (options->driver_name && !options->cluster_id)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--driver-name: needs --cluster-id");
  if ((options->pv || options->pvc) && files[1])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s: is the name for one file, not for several",
                         options->pv ? "pv" : "pvc");
  if (options->pvc_namespace && !pv_manifest_namespace_is_valid(options->pvc_namespace))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--namespace: '%s': at most 63 of a-z, 0-9, '-' are expected",
                         options->pvc_namespace);
  return check_name("pv", options->pv, error) && check_name("pvc", options->pvc, error);
}

static gboolean prepare(Accept *accept, char **files, GError **error)
{
  const Options *options = accept->options;
  const char *driver = options->driver_name ? options->driver_name : OWNER_DEFAULT_DRIVER;
  accept->owner = (Owner){options->cluster_id, driver};
  accept->order = (TransferManifestOrder){.pv_name = options->pv,
                                          .pvc_name = options->pvc,
                                          .pvc_namespace = options->pvc_namespace,
                                          .storage_class = options->storage_class,
                                          .driver_name = driver,
                                          .fs_type = options->fs_type};
  return check_options(options, files, error) &&
         transfer_passphrase_read(options->passphrase_file, &accept->passphrase, error) &&
         (accept->client = session_client(accept->session, error)) &&
         (accept->project_id =
            evs_client_project_id(accept->client, session_context(accept->session), error));
}

/* pv_name must live as long as the request. */
static TransferAccept request_of(const Accept *accept, const Incoming *incoming, const char *pv_name)
{
  return (TransferAccept){.handover = incoming->handover,
                          .owner = accept->owner.cluster_id ? &accept->owner : NULL,
                          .volume_name = pv_name};
}

/* ---- checking ---- */

static void read_file(const Accept *accept, Incoming *incoming)
{
  g_autoptr(GError) problem = NULL;
  incoming->handover = handover_load(incoming->path, accept->passphrase, &problem);
  if (!incoming->handover)
    transfer_problem_add(incoming->problems, "file",
                         accept->passphrase
                           ? "ask the sender for the file and its passphrase"
                           : "give its --passphrase-file, or ask the sender for the file again",
                         "%s", problem->message);
}

static const Incoming *find_twin(const Accept *accept, const Incoming *incoming)
{
  for (guint i = 0; i < accept->all->len && accept->all->pdata[i] != incoming; i++) {
    const Incoming *other = accept->all->pdata[i];
    if (other->handover && g_ascii_strcasecmp(other->handover->volume_id, incoming->handover->volume_id) == 0)
      return other;
  }
  return NULL;
}

/* A disk that is here already needs no room any more. *ret_here. */
static gboolean check_here(const Accept *accept, Incoming *incoming, gboolean *ret_here, GError **error)
{
  g_autoptr(GError) foreign = NULL;
  g_autofree char *pv_name = transfer_manifest_pv_name(&accept->order, incoming->handover);
  TransferAccept request = request_of(accept, incoming, pv_name);
  if (!transfer_find_disk(accept->client, session_context(accept->session), incoming->handover,
                          &incoming->disk, error))
    return FALSE;
  *ret_here = incoming->disk != NULL;
  if (incoming->disk && transfer_judge_found(&request, incoming->disk, &foreign) == TRANSFER_DISK_FOREIGN)
    transfer_problem_add(incoming->problems, "owner", "look at it: evsctl explain", "%s", foreign->message);
  return TRUE;
}

static gboolean check_one(const Accept *accept, Incoming *incoming, GError **error)
{
  const Handover *handover = incoming->handover;
  gboolean here = FALSE;
  const Incoming *twin = find_twin(accept, incoming);
  if (twin) {
    transfer_problem_add(incoming->problems, "file", "give the newest file of a disk, once",
                         "files '%s' and '%s' are for the same disk '%s'", twin->path, incoming->path,
                         handover->volume_id);
    return TRUE;
  }
  if (g_ascii_strcasecmp(accept->project_id, handover->project_id) == 0) {
    transfer_problem_add(incoming->problems, "project",
                         "accept it with the receiver's cloud-config; within one project: evsctl adopt",
                         "disk '%s' was offered by this very project, '%s'", handover->volume_id,
                         accept->project_id);
    return TRUE;
  }
  if (!check_here(accept, incoming, &here, error) || here)
    return here;
  GPtrArray *found = transfer_check_receiver(accept->client, session_context(accept->session), handover,
                                             clock_wall_us(), error);
  if (!found)
    return FALSE;
  g_ptr_array_extend_and_steal(incoming->problems, found);
  return TRUE;
}

/* Adds what the disk takes to the sums so far, by name of the quota; a sum that is too much is a problem of this disk. */
static void add_to_sums(Incoming *incoming, const EvsQuota *quota, GHashTable *sums)
{
  const Handover *handover = incoming->handover;
  g_autofree char *of_type = g_strconcat("volumes_", handover->volume_type, NULL);
  g_autofree char *gib_of_type = g_strconcat("gigabytes_", handover->volume_type, NULL);
  const struct {
    const char *name;
    gint64 amount;
  } items[] = {
    {"volumes", 1}, {of_type, 1}, {"gigabytes", handover->size_gib}, {gib_of_type, handover->size_gib}};
  for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
    const gint64 *before = g_hash_table_lookup(sums, items[i].name);
    gint64 sum = (before ? *before : 0) + items[i].amount, left = evs_quota_left(quota, items[i].name);
    if (sum > left)
      transfer_problem_add(
        incoming->problems, "quota", "accept fewer, delete disks, or have the quota raised",
        "disk '%s' and those before it need %" G_GINT64_FORMAT " of quota '%s', %" G_GINT64_FORMAT " left",
        handover->volume_id, sum, items[i].name, left);
    g_hash_table_insert(sums, g_strdup(items[i].name), g_memdup2(&sum, sizeof sum));
  }
}

/* Each disk may fit where not all of them do. A quota that may not be read is no obstacle: the cloud refuses then. */
static gboolean check_quota_of_all(const Accept *accept, GError **error)
{
  g_autoptr(GError) problem = NULL;
  if (accept->all->len < 2)
    return TRUE;
  g_autoptr(EvsQuota) quota = evs_quota_get(accept->client, session_context(accept->session), &problem);
  g_autoptr(GHashTable) sums = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; quota && i < accept->all->len; i++) {
    Incoming *incoming = accept->all->pdata[i];
    if (incoming->problems->len == 0 && !incoming->disk)
      add_to_sums(incoming, quota, sums);
  }
  if (quota || evs_error_is(problem, EVS_CODE_PERMISSION_DENIED))
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&problem));
  return FALSE;
}

static gboolean check_all(Accept *accept, char **files, GError **error)
{
  accept->all = g_ptr_array_new_with_free_func(incoming_free);
  for (char **file = files; *file; file++) {
    Incoming *incoming = g_new0(Incoming, 1);
    incoming->path = *file;
    incoming->end = "not accepted";
    incoming->problems = g_ptr_array_new_with_free_func(transfer_problem_free);
    g_ptr_array_add(accept->all, incoming);
    read_file(accept, incoming);
    if (incoming->handover && !check_one(accept, incoming, error))
      return FALSE;
  }
  return check_quota_of_all(accept, error);
}

static gboolean judge(const Accept *accept, GError **error)
{
  guint problems = 0, concerned = 0;
  for (guint i = 0; i < accept->all->len; i++) {
    Incoming *incoming = accept->all->pdata[i];
    transfer_problems_print(incoming->problems);
    problems += incoming->problems->len;
    concerned += incoming->problems->len > 0;
    if (incoming->problems->len > 0)
      incoming->end = "refused";
    else if (accept->options->dry_run)
      incoming->end = incoming->disk ? "here already" : "would be accepted";
  }
  return problems == 0 || transfer_problems_refuse(problems, concerned, accept->all->len, "file",
                                                   "nothing was accepted", error);
}

/* ---- accepting ---- */

static GHashTable *make_notes(const Accept *accept, const Handover *handover)
{
  GHashTable *notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(notes, g_strdup(OWNER_KEY_PVC_NAME),
                      transfer_manifest_pvc_name(&accept->order, handover));
  g_hash_table_insert(notes, g_strdup(OWNER_KEY_PVC_NAMESPACE),
                      transfer_manifest_namespace(&accept->order, handover));
  return notes;
}

static gboolean accept_one(Accept *accept, Incoming *incoming, GError **error)
{
  gboolean was_here = incoming->disk != NULL;
  g_autofree char *pv_name = transfer_manifest_pv_name(&accept->order, incoming->handover);
  g_autoptr(GHashTable) notes = make_notes(accept, incoming->handover);
  TransferAccept request = request_of(accept, incoming, pv_name);
  request.notes = notes;
  g_clear_pointer(&incoming->disk, evs_disk_free);
  incoming->end = "failed";
  if (!transfer_accept(accept->client, session_context(accept->session), &request, &incoming->disk, error))
    return FALSE;
  incoming->done = TRUE;
  incoming->end = was_here ? "here already" : "accepted";
  return TRUE;
}

/* One that fails does not stop the others; the first failure is the command's. */
static gboolean accept_all(Accept *accept, GError **error)
{
  gboolean all_good = TRUE;
  guint done = 0;
  for (; done < accept->all->len && !session_interrupted(); done++) {
    g_autoptr(GError) problem = NULL;
    if (accept_one(accept, accept->all->pdata[done], &problem))
      continue;
    if (all_good)
      g_propagate_error(error, g_steal_pointer(&problem));
    else
      failure_print(problem);
    all_good = FALSE;
  }
  if (all_good && done < accept->all->len)
    return evs_error_set(error, EVS_CODE_ABORTED, "interrupted: %u of %u disks are not accepted",
                         accept->all->len - done, accept->all->len);
  return all_good;
}

/* ---- showing ---- */

#define COLUMNS "volume_id:VOLUME name size_gib:GIB volume_type:TYPE availability_zone:ZONE pv end file"

static json_t *show_one(const Accept *accept, const Incoming *incoming)
{
  const Handover *handover = incoming->handover;
  json_t *row = handover ? transfer_handover_show(handover) : json_object();
  g_autofree char *pv_name = handover ? transfer_manifest_pv_name(&accept->order, handover) : NULL;
  evs_json_set_text(row, "name", incoming->disk ? incoming->disk->name : "");
  evs_json_set_text(row, "pv", pv_name ? pv_name : "");
  evs_json_set_text(row, "file", incoming->path);
  evs_json_set_text(row, "end", incoming->end);
  json_object_set_new(row, "problems", transfer_problems_show(incoming->problems));
  return row;
}

/* The manifests of what is done; the table of all goes to stderr then. */
static void show_all(const Accept *accept)
{
  json_t *rows = json_array(), *manifests = json_array();
  for (guint i = 0; i < accept->all->len; i++) {
    const Incoming *incoming = accept->all->pdata[i];
    json_array_append_new(rows, show_one(accept, incoming));
    if (incoming->done)
      transfer_manifest_add(&accept->order, incoming->handover, incoming->disk, manifests);
  }
  if (!accept->options->emit_pv || accept->options->dry_run) {
    session_print(accept->session, rows, COLUMNS);
    json_decref(manifests);
    return;
  }
  output_write(stderr, OUTPUT_TABLE, rows, COLUMNS);
  json_decref(rows);
  json_t *list = json_pack("{s:s, s:s, s:o}", "apiVersion", "v1", "kind", "List", "items", manifests);
  if (json_array_size(manifests) > 0)
    output_write(stdout, session_output(accept->session) == OUTPUT_JSON ? OUTPUT_JSON : OUTPUT_YAML, list,
                 NULL);
  json_decref(list);
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  g_autoptr(GError) error = NULL;
  Accept accept = {.session = session, .options = data};
  gboolean ok = prepare(&accept, arguments, &error) && check_all(&accept, arguments, &error);
  if (ok) {
    ok = judge(&accept, &error) && (accept.options->dry_run || accept_all(&accept, &error));
    show_all(&accept);
  }
  accept_clear(&accept);
  return session_end(ok, error);
}

static const Command commands[] = {
  {.verb = "accept",
   .arguments = "FILE...",
   .least = 1,
   .most = ANY_NUMBER,
   .summary = "take over the disks of handover files, and write PVs and claims for them",
   .description =
     "All files are checked before the first disk is accepted: checksum, passphrase, expiry, region, zone, "
     "type, and "
     "the quota\n"
     "for all of them. Then each is accepted, awaited `available`, and marked: with --cluster-id as that "
     "cluster's, else as\n"
     "nobody's; the sender's marks go. Killed at any point: call it again, the disk is found by its id.\n"
     "\n"
     "--emit-pv prints for each disk a static PersistentVolume (Retain) and the claim that binds to it and "
     "to "
     "nothing else; with\n"
     "the same --storage-class, \"\" unless given, no provisioner feels called upon. The API's plain call: "
     "--raw.\n"
     "\n"
     "Examples:\n"
     "  evsctl transfer accept evs-transfer-*.json --dry-run\n"
     "  evsctl transfer accept evs-transfer-5f8d.json --cluster-id=prod-2 --emit-pv | kubectl apply -f -\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup transfer_accept_group = COMMAND_GROUP("transfer", NULL, commands);
