/* Transfers of disks between accounts (reference 7.4): routes, rules, and the disk's way to its new owner. Clients see
 * no job; within, one makes the time of an accept pass. What is not transferable: evs-facts 10, all of them 400. */
#include "base/text.h"
#include "evssim/disk_rules.h"
#include "evssim/list_page.h"
#include "evssim/parts.h"
#include "evssim/request.h"
#include "evssim/snapshots.h"
#include "evssim/transfers.h"

enum { NAME_MAX_CHARS = 64 };

#define JOB_ACCEPT "acceptTransfer"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static void reply_missing(Request *request)
{
  reply_error(request, 404, "EVS.5404", "Transfer %s could not be found.",
              request_path(request, "transfer_id"));
}

/* The transfer of {transfer_id} if it is the project's own and not over; NULL: answered. */
static Transfer *find_own(Request *request)
{
  transfers_sweep(request->sim);
  Transfer *transfer = transfer_find(request->sim, request_path(request, "transfer_id"));
  if (transfer && transfer->project == request->project && transfer->stage != TRANSFER_ACCEPTED)
    return transfer;
  reply_missing(request);
  return NULL;
}

/* ---- how it looks ---- */

static json_t *render_links(const Request *request, const Transfer *transfer)
{
  const char *base = request->sim->base_url, *project = request->project->id;
  g_autofree char *self = g_strdup_printf("%s/evs/v2/%s/os-volume-transfer/%s", base, project, transfer->id);
  g_autofree char *bookmark = g_strdup_printf("%s/evs/%s/os-volume-transfer/%s", base, project, transfer->id);
  return json_pack("[{s:s, s:s}, {s:s, s:s}]", "href", self, "rel", "self", "href", bookmark, "rel",
                   "bookmark");
}

/* Never with the auth_key: that is for the answer to the create alone. */
static json_t *render(const Request *request, const Transfer *transfer, gboolean with_time)
{
  json_t *json = json_pack("{s:s, s:s, s:s, s:o}", "id", transfer->id, "name", transfer->name, "volume_id",
                           transfer->volume_id, "links", render_links(request, transfer));
  if (with_time)
    json_object_set_new(json, "created_at", render_time(transfer->created_us));
  return json;
}

/* ---- what can be transferred ---- */

static gboolean is_prepaid(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return *disk_metadata(disk, "orderID") != '\0';
}

static gboolean is_frozen(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return g_str_equal(disk->lock, DISK_LOCK_FROZEN);
}

static gboolean is_encrypted(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return g_str_equal(disk_metadata(disk, "__system__encrypted"), "1");
}

static gboolean has_copies(const Sim *sim, const Disk *disk)
{
  return disk->marks & DISK_MARK_BACKUPS || snapshots_count(sim, NULL, NULL, disk->id) > 0;
}

static gboolean has_policy(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return (disk->marks & DISK_MARK_BACKUP_POLICY) != 0;
}

static gboolean is_dedicated(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return !g_str_equal(disk->service_type, "EVS");
}

static gboolean is_system(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return disk->bootable || disk_is_system(disk);
}

static gboolean is_replicated(const Sim *sim, const Disk *disk)
{
  (void)sim;
  return (disk->marks & DISK_MARK_REPLICATED) != 0;
}

/* What holds for create and accept alike. */
static gboolean may_move(Request *request, const Disk *disk)
{
  static const struct {
    gboolean (*holds)(const Sim *sim, const Disk *disk);
    const char *message;
  } obstacles[] = {
    {is_prepaid, "yearly/monthly disks cannot be transferred"},
    {is_frozen, "frozen disks cannot be transferred"},
    {is_encrypted, "encrypted disks cannot be transferred"},
    {has_copies, "disks having backups or snapshots cannot be transferred"},
    {has_policy, "disks with a backup policy cannot be transferred"},
    {is_dedicated, "DSS and DESS disks cannot be transferred"},
    {is_system, "system disks cannot be transferred"},
    {is_replicated, "disks in a replication pair cannot be transferred"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(obstacles); i++)
    if (obstacles[i].holds(request->sim, disk))
      return refuse(request, "EVS.5400", obstacles[i].message);
  return disk_rule_unlocked(request, disk, TRUE);
}

/* ---- create ---- */

/* Spaces around it do not count; absent and null: no name. */
static gboolean read_name(Request *request, const json_t *body, char **ret_name)
{
  const json_t *value = json_object_get(body, "name");
  if (value && !json_is_null(value) && !json_is_string(value))
    return refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: name");
  g_autofree char *name = g_strstrip(g_strdup(json_is_string(value) ? json_string_value(value) : ""));
  if ((json_is_string(value) && !*name) || g_utf8_strlen(name, -1) > NAME_MAX_CHARS)
    return refuse(request, "EVS.5400", "Malformed request body. name has 1 to 64 characters");
  *ret_name = g_steal_pointer(&name);
  return TRUE;
}

static Disk *find_disk(Request *request, const char *id)
{
  if (!text_is_uuid(id)) {
    (void)refuse(request, "EVS.1002", "invalid volume id!");
    return NULL;
  }
  Disk *disk = sim_disk(request->sim, id);
  if (disk && disk->project == request->project && disk_is_visible(request->sim, disk))
    return disk;
  reply_error(request, 404, "EVS.5404", "Volume %s could not be found.", id);
  return NULL;
}

static void handle_create(Request *request)
{
  const json_t *body = json_object_get(request_json(request), "transfer");
  const char *volume_id = json_string_value(json_object_get(body, "volume_id"));
  g_autofree char *name = NULL;
  if (!volume_id) {
    (void)refuse(request, "EVS.5400", "Malformed request body. transfer.volume_id is mandatory");
    return;
  }
  transfers_sweep(request->sim);
  Disk *disk = read_name(request, body, &name) ? find_disk(request, volume_id) : NULL;
  if (!disk)
    return;
  if (!g_str_equal(disk->status, DISK_AVAILABLE)) {
    reply_error(request, 400, "EVS.5400", "Must specify a valid status. the volume is %s", disk->status);
    return;
  }
  if (!may_move(request, disk))
    return;
  /* in this order: a transfer whose disk does not wait for it is none */
  const Transfer *transfer = transfer_add(request->sim, disk, name);
  disk_set_status(disk, DISK_AWAITING_TRANSFER);
  disk_changed(request->sim, disk);
  json_t *json = render(request, transfer, TRUE);
  json_object_set_new(json, "auth_key", json_string(transfer->auth_key));
  reply_json(request, 202, json_pack("{s:o}", "transfer", json));
}

/* ---- accept ---- */

/* The receiver's quota, less what is on its way to it. A disk that comes home was never off it. */
static gboolean fits_quota(Request *request, const Transfer *transfer, const Disk *disk)
{
  gint64 disks = 1, gib = disk->size_gib, of_type = 1, of_type_gib = disk->size_gib;
  GHashTableIter iter;
  gpointer value;
  if (transfer->project == request->project)
    return TRUE;
  g_hash_table_iter_init(&iter, request->sim->transfers);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Transfer *other = value;
    const Disk *coming = other->stage == TRANSFER_ACCEPTING && other->receiver == request->project &&
                             other->project != other->receiver
                           ? sim_disk(request->sim, other->volume_id)
                           : NULL;
    if (!coming)
      continue;
    disks++;
    gib += coming->size_gib;
    of_type += g_str_equal(coming->type, disk->type);
    of_type_gib += g_str_equal(coming->type, disk->type) ? coming->size_gib : 0;
  }
  return disk_rule_largest(request, disk->size_gib) && disk_rule_quota(request, NULL, disks, gib) &&
         disk_rule_quota(request, disk->type, of_type, of_type_gib);
}

/* Who has id and key may take it, from whatever project. */
static gboolean may_accept(Request *request, const Transfer *transfer, const char *auth_key)
{
  const Disk *disk = sim_disk(request->sim, transfer->volume_id);
  if (!g_str_equal(auth_key, transfer->auth_key))
    return refuse(request, "EVS.5400", "Malformed request body. invalid auth_key");
  if (transfer->stage == TRANSFER_ACCEPTED)
    return refuse(request, "EVS.5400", "Must specify a valid status. the transfer has been accepted");
  if (transfer->stage == TRANSFER_ACCEPTING || !disk)
    return refuse(request, "EVS.5400", "Must specify a valid status. the transfer is being accepted");
  return may_move(request, disk) && fits_quota(request, transfer, disk);
}

static void handle_accept(Request *request)
{
  const char *auth_key =
    json_string_value(json_object_get(json_object_get(request_json(request), "accept"), "auth_key"));
  if (!auth_key) {
    (void)refuse(request, "EVS.5400", "Malformed request body. accept.auth_key is mandatory");
    return;
  }
  transfers_sweep(request->sim);
  Transfer *transfer = transfer_find(request->sim, request_path(request, "transfer_id"));
  if (!transfer) {
    reply_missing(request);
    return;
  }
  if (!may_accept(request, transfer, auth_key))
    return;
  Job *job = job_start(request, JOB_ACCEPT, transfer->volume_id, NULL);
  job->note = g_strdup(transfer->id);
  job_changed(request->sim, job);
  request->p->stuck_disk = NULL; /* the disk's status does not change on its way */
  transfer->receiver = request->project;
  transfer_set_stage(request->sim, transfer, TRANSFER_ACCEPTING);
  reply_json(request, 202, json_pack("{s:o}", "transfer", render(request, transfer, FALSE)));
}

/* Tags, metadata, name and bytes stay the disk's; enterprise projects are an account's own. Carried out once more after
 * SIGKILL at any point: it does no harm. */
static void finish_accept(Sim *sim, Job *job, gboolean failed)
{
  Transfer *transfer = transfer_find(sim, job->note);
  Disk *disk = sim_disk(sim, job->volume_id);
  if (!transfer || transfer->stage != TRANSFER_ACCEPTING || !disk) /* killed before anybody was told of it */
    return;
  if (failed) {
    transfer_set_stage(sim, transfer, TRANSFER_PENDING);
    return;
  }
  if (g_str_equal(disk->status, DISK_AWAITING_TRANSFER)) {
    disk->project = transfer->receiver;
    g_free(disk->enterprise_project_id);
    disk->enterprise_project_id = g_strdup("0");
    disk_set_status(disk, DISK_AVAILABLE);
    disk_changed(sim, disk);
  }
  transfer_set_stage(sim, transfer, TRANSFER_ACCEPTED);
}

/* ---- get, list, delete ---- */

static void handle_get(Request *request)
{
  const Transfer *transfer = find_own(request);
  if (transfer)
    reply_json(request, 200, json_pack("{s:o}", "transfer", render(request, transfer, TRUE)));
}

static void reply_list(Request *request, gboolean with_time)
{
  ListPage page;
  guint start = 0, end = 0;
  json_t *transfers = NULL;
  if (!list_page_read(request, &page))
    return;
  page.marker = NULL; /* no parameter of this call */
  transfers_sweep(request->sim);
  g_autoptr(GPtrArray) rows = transfers_of(request->sim, request->project);
  (void)list_page_cut(&page, rows, &start, &end); /* without a marker it cannot fail */
  transfers = json_array();
  for (guint i = start; i < end; i++)
    json_array_append_new(transfers, render(request, g_ptr_array_index(rows, i), with_time));
  reply_json(request, 200, json_pack("{s:o}", "transfers", transfers));
}

static void handle_list(Request *request)
{
  reply_list(request, FALSE);
}

static void handle_list_detail(Request *request)
{
  reply_list(request, TRUE);
}

static void handle_delete(Request *request)
{
  Transfer *transfer = find_own(request);
  if (!transfer)
    return;
  if (transfer->stage != TRANSFER_PENDING) {
    (void)refuse(request, "EVS.5400", "Must specify a valid status. the transfer is being accepted");
    return;
  }
  Disk *disk = sim_disk(request->sim, transfer->volume_id);
  disk_set_status(disk, DISK_AVAILABLE); /* first: then the transfer is none whatever happens */
  disk_changed(request->sim, disk);
  transfer_remove(request->sim, transfer);
  reply_empty(request, 202);
}

/* ---- registration ---- */

static const JobType accept_job = {
  .type = JOB_ACCEPT, .service = SIM_SERVICE_EVS, .oracle = "transfer", .finish = finish_accept};

#define TRANSFERS "/v2/{project_id}/os-volume-transfer"

static const Route routes[] = {
  {"7.4.1", SIM_SERVICE_EVS, "POST", TRANSFERS, "evs:transfers:create", ROUTE_AUTH, handle_create},
  {"7.4.2", SIM_SERVICE_EVS, "POST", TRANSFERS "/{transfer_id}/accept", "evs:transfers:accept", ROUTE_AUTH,
   handle_accept},
  {"7.4.3", SIM_SERVICE_EVS, "DELETE", TRANSFERS "/{transfer_id}", "evs:transfers:delete", ROUTE_AUTH,
   handle_delete},
  {"7.4.4", SIM_SERVICE_EVS, "GET", TRANSFERS "/{transfer_id}", "evs:transfers:get", ROUTE_AUTH, handle_get},
  {"7.4.5", SIM_SERVICE_EVS, "GET", TRANSFERS, "evs:transfers:list", ROUTE_AUTH, handle_list},
  {"7.4.6", SIM_SERVICE_EVS, "GET", TRANSFERS "/detail", "evs:transfers:list", ROUTE_AUTH,
   handle_list_detail},
};

void transfers_start(Sim *sim)
{
  transfers_register(sim);
  job_type_register(sim, &accept_job);
  router_add_twins(sim, routes, G_N_ELEMENTS(routes));
}
