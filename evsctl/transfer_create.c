/* evsctl transfer create: offers disks to another account, each with a handover file. */
#include "base/clock.h"
#include "evsctl/command.h"
#include "evsctl/duration.h"
#include "evsctl/pv_manifest.h"
#include "evsctl/transfer_file.h"
#include "evsctl/transfer_offer.h"
#include "evsctl/transfer_report.h"
#include "evsctl/volume_find.h"

#include <unistd.h>

typedef struct {
  GPtrArray *pv;
  char *pv_list, *to, *expires, *output_dir, *passphrase_file, *fs_type;
  gboolean block, keep_going, dry_run, show_key;
} Options;

static const Flag flags[] = {
  FLAG(Options, pv, TEXTS, "pv", "NAME", "the disk of this PV of the cluster"),
  FLAG(Options, pv_list, TEXT, "pv-list", "-|FILE|kubectl",
       "JSON of the cluster's PVs (kubectl, if there is a --pv)"),
  FLAG(Options, to, TEXT, "to", "LABEL", "for whom: a note in the file"),
  FLAG(Options, expires, TEXT, "expires", "TIME", "how long it may be accepted, at most 30d (24h)"),
  FLAG(Options, output_dir, TEXT, "output-dir", "DIR", "where the handover files go (.)"),
  FLAG(Options, passphrase_file, TEXT, "passphrase-file", "FILE",
       "encrypt the handover files with the first line of this file"),
  FLAG(Options, fs_type, TEXT, "fs-type", "TYPE", "the file system on the disks (what the PV says)",
       .choices = pv_manifest_file_systems),
  FLAG(Options, block, SWITCH, "block", NULL, "the disks are used without a file system"),
  FLAG(Options, keep_going, SWITCH, "keep-going", NULL, "offer the disks that may go, though others may not"),
  FLAG(Options, dry_run, SWITCH, "dry-run", NULL, "check, and change nothing"),
  FLAG(Options, show_key, SWITCH, "show-key", NULL, "show the keys, too: whoever has one can take the disk"),
};

/* One disk that is asked for. */
typedef struct {
  const char *name; /* as given; borrowed */
  gboolean is_pv;
  Offer offer;         /* offer.disk NULL: there is none */
  GPtrArray *problems; /* of TransferProblem*; never NULL */
  gboolean complete;   /* offered by an earlier call */
  const char *end;     /* static */
} Target;

typedef struct {
  Session *session;
  const Options *options;
  EvsClient *client;
  OfferTerms terms;
  char *region, *project_id, *passphrase;
  GPtrArray *facts, *targets;
  int lock;
} Create;

static void target_free(gpointer data)
{
  Target *target = data;
  offer_clear(&target->offer);
  g_ptr_array_unref(target->problems);
  g_free(target);
}

static void create_clear(Create *create)
{
  g_clear_pointer(&create->targets, g_ptr_array_unref);
  g_clear_pointer(&create->facts, g_ptr_array_unref);
  g_clear_pointer(&create->passphrase, handover_text_free);
  g_free(create->region);
  g_free(create->project_id);
  if (create->lock >= 0)
    close(create->lock);
}

/* ---- what is asked for ---- */

static gboolean check_options(const Options *options, char **volumes, gint64 *ret_lifetime_s, GError **error)
{
  *ret_lifetime_s = HANDOVER_DEFAULT_HOURS * 3600;
  if (!volumes[0] && !options->pv)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "which disks: VOLUME... or --pv=NAME is expected");
  if (options->block && options->fs_type)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--block: has no --fs-type");
  if (options->expires && !duration_parse("expires", options->expires, ret_lifetime_s, error))
    return FALSE;
  if (*ret_lifetime_s >= OFFER_MIN_SECONDS && *ret_lifetime_s <= HANDOVER_MAX_HOURS * 3600)
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--expires: %s: %ds to %dd are expected",
                       options->expires, OFFER_MIN_SECONDS, HANDOVER_MAX_HOURS / 24);
}

static gboolean prepare(Create *create, char **volumes, GError **error)
{
  const Options *options = create->options;
  const EvsContext *context = session_context(create->session);
  create->terms = (OfferTerms){.directory = options->output_dir ? options->output_dir : ".",
                               .to = options->to,
                               .fs_type = options->fs_type,
                               .block = options->block};
  const char *source = options->pv_list ? options->pv_list : options->pv ? "kubectl" : NULL;
  if (!check_options(options, volumes, &create->terms.lifetime_s, error) ||
      !transfer_passphrase_read(options->passphrase_file, &create->passphrase, error) ||
      (create->lock = transfer_directory_lock(create->terms.directory, error)) < 0 ||
      (source && !(create->facts = pv_facts_load(source, context, error))) ||
      !(create->client = session_client(create->session, error)) ||
      !(create->project_id = evs_client_project_id(create->client, context, error)))
    return FALSE;
  create->region = evs_client_region(create->client);
  create->terms.region = create->region;
  create->terms.project_id = create->project_id;
  create->terms.passphrase = create->passphrase;
  return TRUE;
}

static void add_target(Create *create, const char *name, gboolean is_pv)
{
  Target *target = g_new0(Target, 1);
  target->name = name;
  target->is_pv = is_pv;
  target->problems = g_ptr_array_new_with_free_func(transfer_problem_free);
  target->end = "not created";
  g_ptr_array_add(create->targets, target);
}

/* ---- finding and checking ---- */

/* The id of the disk, newly allocated; NULL without error: a problem is noted. */
static char *find_volume(Create *create, Target *target, GError **error)
{
  if (target->is_pv) {
    const PvFacts *facts = pv_facts_named(create->facts, target->name);
    if (facts)
      return g_strdup(facts->volume_id);
    transfer_problem_add(target->problems, "pv", "look at: kubectl get persistentvolumes",
                         "there is no PV '%s' with a disk of EVS", target->name);
    return NULL;
  }
  g_autoptr(GError) problem = NULL;
  g_autoptr(EvsDisk) disk =
    volume_find(create->client, session_context(create->session), target->name, &problem);
  if (disk)
    return g_strdup(disk->id);
  if (evs_error_is(problem, EVS_CODE_NOT_FOUND) || evs_error_is(problem, EVS_CODE_FAILED_PRECONDITION))
    transfer_problem_add(target->problems, "disk",
                         "give a disk of this project; was it handed over: evsctl transfer status",
                         "'%s': %s", target->name, problem->message);
  else
    g_propagate_error(error, g_steal_pointer(&problem));
  return NULL;
}

static gboolean is_double(const Create *create, const Target *target, const char *volume_id)
{
  for (guint i = 0; i < create->targets->len && create->targets->pdata[i] != target; i++) {
    const Target *other = create->targets->pdata[i];
    if (other->offer.disk && g_ascii_strcasecmp(other->offer.disk->id, volume_id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* NOT_FOUND of the disk of a PV is a problem of it, too. */
static gboolean check_target(Create *create, Target *target, const GPtrArray *pending, GError **error)
{
  const EvsContext *context = session_context(create->session);
  g_autoptr(GError) problem = NULL;
  g_autofree char *volume_id = find_volume(create, target, &problem);
  if (!volume_id) {
    if (problem)
      g_propagate_error(error, g_steal_pointer(&problem));
    return target->problems->len > 0;
  }
  if (is_double(create, target, volume_id)) {
    transfer_problem_add(target->problems, "disk", "name it once", "disk '%s' is given twice, as '%s' too",
                         volume_id, target->name);
    return TRUE;
  }
  GPtrArray *found = transfer_check_disk(create->client, context, volume_id, &target->offer.disk, &problem);
  if (found) {
    g_ptr_array_extend_and_steal(target->problems, found);
    target->offer.facts = pv_facts_of_disk(create->facts, volume_id);
    target->offer.path = transfer_file_path(create->terms.directory, volume_id);
    offer_check_file(&create->terms, &target->offer, target->problems);
    target->complete =
      target->problems->len == 0 && offer_is_complete(&create->terms, &target->offer, pending);
    return TRUE;
  }
  if (!evs_error_is(problem, EVS_CODE_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
  }
  transfer_problem_add(target->problems, "disk",
                       "give a disk of this project; was it handed over: evsctl transfer status",
                       "disk '%s' of '%s' does not exist", volume_id, target->name);
  return TRUE;
}

static gboolean check_all(Create *create, char **volumes, GError **error)
{
  create->targets = g_ptr_array_new_with_free_func(target_free);
  for (char **volume = volumes; *volume; volume++)
    add_target(create, *volume, FALSE);
  for (guint i = 0; create->options->pv && i < create->options->pv->len; i++)
    add_target(create, create->options->pv->pdata[i], TRUE);
  g_autoptr(GPtrArray) pending =
    evs_transfer_list(create->client, session_context(create->session), NULL, error);
  for (guint i = 0; pending && i < create->targets->len; i++) {
    if (!check_target(create, create->targets->pdata[i], pending, error))
      return FALSE;
  }
  return pending != NULL;
}

/* ---- showing ---- */

static json_t *show_target(const Create *create, const Target *target)
{
  const Handover *handover = target->offer.handover;
  const EvsDisk *disk = target->offer.disk;
  json_t *row = json_object();
  evs_json_set_text(row, "volume_id", disk ? disk->id : target->is_pv ? "" : target->name);
  evs_json_set_text(row, "name", disk ? disk->name : "");
  json_object_set_new(row, "size_gib", disk ? json_integer(disk->size_gib) : json_null());
  evs_json_set_text(row, "pv",
                    target->offer.facts ? target->offer.facts->name
                    : target->is_pv     ? target->name
                                        : "");
  evs_json_set_text(row, "end", target->end);
  evs_json_set_text(row, "transfer_id", handover ? handover->transfer_id : "");
  evs_json_set_text(row, "file", handover ? target->offer.path : "");
  transfer_show_time(row, "expires", handover ? handover->expires_wall_us : 0);
  json_object_set_new(row, "problems", transfer_problems_show(target->problems));
  if (create->options->show_key && handover)
    evs_json_set_text(row, "auth_key", handover->auth_key);
  return row;
}

#define COLUMNS "volume_id:VOLUME name pv size_gib:GIB end file expires"
#define COLUMNS_WITH_KEY COLUMNS " auth_key"

static void show_all(const Create *create)
{
  json_t *rows = json_array();
  for (guint i = 0; i < create->targets->len; i++)
    json_array_append_new(rows, show_target(create, create->targets->pdata[i]));
  session_print(create->session, rows, create->options->show_key ? COLUMNS_WITH_KEY : COLUMNS);
}

/* ---- doing ---- */

static gboolean judge(const Create *create, GError **error)
{
  guint problems = 0, concerned = 0;
  for (guint i = 0; i < create->targets->len; i++) {
    Target *target = create->targets->pdata[i];
    transfer_problems_print(target->problems);
    problems += target->problems->len;
    concerned += target->problems->len > 0;
    if (target->problems->len > 0)
      target->end = "refused";
  }
  if (problems == 0)
    return TRUE;
  const char *end = create->options->keep_going ? "the others are offered"
                                                : "nothing was created; --keep-going offers the others";
  return transfer_problems_refuse(problems, concerned, create->targets->len, "disk",
                                  create->options->dry_run ? "nothing was created" : end, error);
}

/* A signal that came between two disks. */
static gboolean check_interrupted(const Create *create, GError **error)
{
  guint left = 0;
  for (guint i = 0; session_interrupted() && i < create->targets->len; i++) {
    const Target *target = create->targets->pdata[i];
    left += target->problems->len == 0 && !target->offer.handover;
  }
  return left == 0 || create->options->dry_run ||
         evs_error_set(error, EVS_CODE_ABORTED, "interrupted: %u of %u disks are not offered", left,
                       create->targets->len);
}

/* Those without problems. One that fails stops the others, unless they shall go on. */
static gboolean offer_all(Create *create, GError **error)
{
  gboolean all_good = TRUE;
  for (guint i = 0; i < create->targets->len; i++) {
    Target *target = create->targets->pdata[i];
    g_autoptr(GError) problem = NULL;
    if (target->problems->len > 0)
      continue;
    if (create->options->dry_run) {
      target->end = target->complete ? "there already" : "would be created";
      continue;
    }
    if (session_interrupted() || (!all_good && !create->options->keep_going))
      continue;
    if (offer_make(create->client, session_context(create->session), &create->terms, &target->offer,
                   &problem)) {
      target->end = target->offer.was_there ? "there already"
                    : target->offer.renewed ? "created anew"
                                            : "created";
      continue;
    }
    target->end = "failed";
    if (!all_good)
      failure_print(problem);
    else
      g_propagate_error(error, g_steal_pointer(&problem));
    all_good = FALSE;
  }
  return all_good && check_interrupted(create, error);
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  const Options *options = data;
  g_autoptr(GError) error = NULL, refusal = NULL;
  Create create = {.session = session, .options = options, .lock = -1};
  gboolean ok = prepare(&create, arguments, &error) && check_all(&create, arguments, &error);
  if (ok) {
    gboolean clean = judge(&create, &refusal);
    if (clean || options->keep_going)
      ok = offer_all(&create, &error);
    show_all(&create);
    if (ok && !clean) {
      ok = FALSE;
      error = g_steal_pointer(&refusal);
    }
  }
  create_clear(&create);
  return session_end(ok, error);
}

static const Command commands[] = {
  {.verb = "create",
   .arguments = "[VOLUME...]",
   .most = ANY_NUMBER,
   .summary = "offer disks to another account, each with a handover file",
   .description =
     "Checks every disk first, by all rules that EVS shows: it must be available (detached), paid per use, "
     "not "
     "frozen, not\n"
     "encrypted, a data disk on shared storage, without snapshots and backups. All that is in the way of any "
     "disk "
     "is told at\n"
     "once, each with what helps; then nothing is created, unless --keep-going.\n"
     "\n"
     "Each disk's handover file, evs-transfer-VOLUME.json (mode 0600), is on disk before success is told. It "
     "holds the key,\n"
     "which the cloud tells this once: whoever has the file can take the disk, so give it a "
     "--passphrase-file, "
     "or send it by\n"
     "a way you trust. Killed at any point: call it again. A transfer of evsctl whose key is in no file "
     "is "
     "called off then\n"
     "and made anew; one whose file is there is left as it is.\n"
     "\n"
     "VOLUME is a disk's id, the name of a PV, or the disk's name. With --pv or --pv-list the file carries "
     "the "
     "PV's name, claim,\n"
     "file system and labels along. The API's plain call: --raw.\n"
     "\n"
     "Examples:\n"
     "  evsctl transfer create --pv=pvc-0a1b --to=team-b --passphrase-file=secret --output-dir=handover\n"
     "  kubectl get pv -o json | evsctl transfer create --pv=data-1 --pv=data-2 --pv-list=- --dry-run\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup transfer_create_group = COMMAND_GROUP("transfer", NULL, commands);
