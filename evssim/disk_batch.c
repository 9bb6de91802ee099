/* Expansion of several disks by one call (cloud-facts F1): all or none. */
#include "base/text.h"
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"

enum { BATCH_MAX = 50 };

#define JOB_BATCH_EXTEND "batchExtendVolume"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* The project's disk of an item; NULL: answered. */
static Disk *find_disk(Request *request, const json_t *item)
{
  const char *id = json_string_value(json_object_get(item, "id"));
  if (!id || !text_is_uuid(id)) {
    (void)refuse(request, "EVS.1002", "invalid volume id!");
    return NULL;
  }
  Disk *disk = sim_disk(request->sim, id);
  if (disk && disk->project == request->project && disk_is_visible(request->sim, disk))
    return disk;
  reply_error(request, 404, "EVS.5404", "Volume %s could not be found.", id);
  return NULL;
}

static gboolean has_disk(const json_t *disks, const char *id)
{
  gsize index;
  json_t *item;
  json_array_foreach(disks, index, item)
  {
    if (g_strcmp0(json_string_value(json_object_get(item, "volume_id")), id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* The entities of the job: {"disks":[{"volume_id","volume_type","size","name"}]} with the new sizes. more: what each
 * type, and "" all together, grows by. NULL: answered. */
static json_t *read_batch(Request *request, const json_t *items, GHashTable *more)
{
  g_autoptr(json_t) disks = json_array();
  gsize index;
  json_t *item;
  json_array_foreach(items, index, item)
  {
    const Disk *disk = find_disk(request, item);
    gint64 size = 0;
    if (!disk || !disk_may_extend(request, disk, json_object_get(item, "new_size"), &size))
      return NULL;
    if (has_disk(disks, disk->id)) {
      (void)refuse(request, "EVS.2108", "Request body is invalid. a volume is there twice");
      return NULL;
    }
    json_array_append_new(disks, json_pack("{s:s, s:s, s:I, s:s}", "volume_id", disk->id, "volume_type",
                                           disk->type, "size", (json_int_t)size, "name", disk->name));
    const char *const kinds[] = {disk->type, ""};
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
      gint64 sum = GPOINTER_TO_SIZE(g_hash_table_lookup(more, kinds[i])) + size - disk->size_gib;
      g_hash_table_insert(more, (gpointer)kinds[i], GSIZE_TO_POINTER((gsize)sum));
    }
  }
  return json_pack("{s:O}", "disks", disks);
}

static gboolean fits_quota(Request *request, GHashTable *more)
{
  GHashTableIter iter;
  gpointer type, sum;
  g_hash_table_iter_init(&iter, more);
  while (g_hash_table_iter_next(&iter, &type, &sum))
    if (!disk_rule_quota(request, *(const char *)type ? type : NULL, 0, (gint64)GPOINTER_TO_SIZE(sum)))
      return FALSE;
  return TRUE;
}

static void set_extending(Request *request, const json_t *disks)
{
  gsize index;
  json_t *item;
  json_array_foreach(disks, index, item)
  {
    Disk *disk = sim_disk(request->sim, json_string_value(json_object_get(item, "volume_id")));
    disk_set_status(disk, DISK_EXTENDING);
    disk_changed(request->sim, disk);
  }
}

static void handle_extend(Request *request)
{
  const json_t *items = json_object_get(request_json(request), "volumes");
  g_autoptr(GHashTable) more = g_hash_table_new(g_str_hash, g_str_equal);
  if (!json_is_array(items) || json_array_size(items) == 0) {
    (void)refuse(request, "EVS.2108", "Request body is invalid. volumes is a list that is not empty");
    return;
  }
  if (json_array_size(items) > BATCH_MAX) {
    (void)refuse(request, "EVS.2238", "The maximum number of batch extend volume is 50");
    return;
  }
  g_autoptr(json_t) entities = read_batch(request, items, more);
  if (!entities || !fits_quota(request, more))
    return;
  Job *job = job_start(request, JOB_BATCH_EXTEND, NULL, NULL);
  job->entities = json_incref(entities);
  job_changed(request->sim, job);
  const json_t *disks = json_object_get(entities, "disks");
  set_extending(request, disks);
  const char *first = json_string_value(json_object_get(json_array_get(disks, 0), "volume_id"));
  disk_change_reply(request, 202, job, sim_disk(request->sim, first));
}

static void finish_extend(Sim *sim, Job *job, gboolean failed)
{
  gsize index;
  json_t *item;
  json_array_foreach(json_object_get(job->entities, "disks"), index, item)
    disk_finish_extend(sim, job, json_string_value(json_object_get(item, "volume_id")), item, failed);
}

static json_t *entities(Sim *sim, const Job *job)
{
  (void)sim;
  return disk_render_sub_jobs(job, "extendVolume");
}

static const JobType extend_job = {.type = JOB_BATCH_EXTEND,
                                   .service = SIM_SERVICE_EVS,
                                   .oracle = "extend",
                                   .timing = "extendVolume",
                                   .finish = finish_extend,
                                   .entities = entities};

static const Route routes[] = {
  {"batch.extend", SIM_SERVICE_EVS, "POST", "/v5/{project_id}/volumes/batch-extend", "evs:volumes:extend",
   ROUTE_AUTH, handle_extend},
};

void disk_batch_start(Sim *sim)
{
  job_type_register(sim, &extend_job);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
