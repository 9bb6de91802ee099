#include "evsctl/explain.h"

#include "evsctl/duration.h"
#include "evsctl/output.h"
#include "ownership/snapshot_kind.h"

/* ---- words ---- */

/* "this cluster", "nobody", "another cluster or driver"; NULL: no cluster is in question. */
static const char *owner_relation(const EvsDisk *disk, const Owner *owner)
{
  static const char *const words[] = {
    [OWNER_US] = "this cluster", [OWNER_NOBODY] = "nobody", [OWNER_ANOTHER] = "another cluster or driver"};
  return owner ? words[owner_of_disk(owner, disk)] : NULL;
}

static const char *snapshot_kind_word(const EvsSnapshot *snapshot)
{
  return snapshot_is_backup(snapshot) ? "backup" : snapshot_is_temporary(snapshot) ? "clone" : "snapshot";
}

static const char *job_state_word(EvsJobState state)
{
  return state == EVS_JOB_SUCCESS ? "SUCCESS" : state == EVS_JOB_FAIL ? "FAIL" : "RUNNING";
}

static char *source_of(const EvsDisk *disk)
{
  const char *marked = evs_disk_metadata(disk, OWNER_KEY_SOURCE);
  if (marked[0])
    return g_strdup(marked);
  return disk->snapshot_id[0] ? g_strconcat("snapshot:", disk->snapshot_id, NULL)
         : disk->image_id[0]  ? g_strconcat("image:", disk->image_id, NULL)
         : disk->backup_id[0] ? g_strconcat("backup:", disk->backup_id, NULL)
                              : g_strdup("");
}

static const EvsServer *server_of(const Explanation *explanation, const char *server_id)
{
  for (guint i = 0; i < explanation->servers->len; i++) {
    const EvsServer *server = explanation->servers->pdata[i];
    if (g_ascii_strcasecmp(server->id, server_id) == 0)
      return server;
  }
  return NULL;
}

static gboolean is_blocked(const Explanation *explanation, DiskOperation operation)
{
  for (guint i = 0; i < explanation->blocks->len; i++) {
    if (((const DiskBlock *)explanation->blocks->pdata[i])->operation == operation)
      return TRUE;
  }
  return FALSE;
}

/* ---- JSON ---- */

static json_t *show_attachments(const Explanation *explanation)
{
  json_t *rows = json_array();
  for (guint i = 0; i < explanation->disk->attachments->len; i++) {
    const EvsAttachment *attachment = explanation->disk->attachments->pdata[i];
    const EvsServer *server = server_of(explanation, attachment->server_id);
    json_t *row = json_object();
    evs_json_set_text(row, "server_id", attachment->server_id);
    evs_json_set_text(row, "server_name", server ? server->name : "");
    evs_json_set_text(row, "server_status", server ? server->status : "unknown");
    evs_json_set_text(row, "device", attachment->device);
    json_array_append_new(rows, row);
  }
  return rows;
}

static json_t *show_snapshots(const Explanation *explanation)
{
  if (!explanation->snapshots)
    return json_null();
  json_t *rows = json_array();
  for (guint i = 0; i < explanation->snapshots->len; i++) {
    const EvsSnapshot *snapshot = explanation->snapshots->pdata[i];
    json_t *row = json_object();
    evs_json_set_text(row, "id", snapshot->id);
    evs_json_set_text(row, "name", snapshot->name);
    evs_json_set_text(row, "status", snapshot->status);
    evs_json_set_text(row, "kind", snapshot_kind_word(snapshot));
    evs_json_set_text(row, "created_at", snapshot->created_at);
    json_array_append_new(rows, row);
  }
  return rows;
}

static json_t *show_operations(const Explanation *explanation)
{
  json_t *rows = json_array();
  for (guint operation = 0; operation < DISK_N_OPERATIONS; operation++) {
    json_t *row = json_object(), *blocks = json_array();
    for (guint i = 0; i < explanation->blocks->len; i++) {
      const DiskBlock *block = explanation->blocks->pdata[i];
      if (block->operation != (DiskOperation)operation)
        continue;
      json_t *shown = json_object();
      evs_json_set_text(shown, "reason", block->reason);
      evs_json_set_text(shown, "remedy", block->remedy);
      json_array_append_new(blocks, shown);
    }
    evs_json_set_text(row, "operation", disk_operation_name((DiskOperation)operation));
    json_object_set_new(row, "possible", json_boolean(json_array_size(blocks) == 0));
    json_object_set_new(row, "blocked_by", blocks);
    json_array_append_new(rows, row);
  }
  return rows;
}

static json_t *show_owner(const EvsDisk *disk, const ExplainOrder *order)
{
  json_t *owner = json_object();
  evs_json_set_text(owner, "cluster", evs_disk_metadata(disk, OWNER_KEY_CLUSTER));
  evs_json_set_text(owner, "driver", evs_disk_metadata(disk, OWNER_KEY_DRIVER));
  evs_json_set_text(owner, "is", owner_relation(disk, order->owner));
  return owner;
}

static void show_disk(json_t *shown, const Explanation *explanation, const ExplainOrder *order)
{
  const EvsDisk *disk = explanation->disk;
  g_autofree char *source = source_of(disk);
  evs_json_set_text(shown, "name", disk->name);
  evs_json_set_text(shown, "status", disk->status);
  evs_json_set_text(shown, "means", disk_status_words(disk->status));
  evs_json_set_text(shown, "zone", disk->availability_zone);
  evs_json_set_text(shown, "type", disk->volume_type);
  json_object_set_new(shown, "size_gib", json_integer(disk->size_gib));
  json_object_set_new(shown, "shared", json_boolean(disk->multiattach));
  json_object_set_new(shown, "bootable", json_boolean(disk->bootable));
  json_object_set_new(shown, "frozen", json_boolean(disk->frozen));
  evs_json_set_text(shown, "created_at", disk->created_at);
  evs_json_set_text(shown, "source", source);
  json_object_set_new(shown, "owner", show_owner(disk, order));
  evs_json_set_text(shown, "pv", evs_disk_metadata(disk, OWNER_KEY_PV_NAME));
  evs_json_set_text(shown, "pvc_namespace", evs_disk_metadata(disk, OWNER_KEY_PVC_NAMESPACE));
  evs_json_set_text(shown, "pvc", evs_disk_metadata(disk, OWNER_KEY_PVC_NAME));
  json_object_set_new(shown, "attachments", show_attachments(explanation));
  json_object_set_new(shown, "snapshots", show_snapshots(explanation));
  json_object_set_new(shown, "transfer_id",
                      explanation->transfer ? json_string(explanation->transfer->id) : json_null());
  json_object_set_new(shown, "deleted_disks_go_to_recycle_bin", json_boolean(explanation->bin_on));
  json_object_set_new(shown, "operations", show_operations(explanation));
}

static json_t *show_job(const EvsJob *job)
{
  json_t *shown = json_object();
  evs_json_set_text(shown, "id", job->id);
  evs_json_set_text(shown, "type", job->type);
  evs_json_set_text(shown, "state", job_state_word(job->state));
  evs_json_set_text(shown, "error_code", job->error_code);
  evs_json_set_text(shown, "fail_reason", job->fail_reason);
  return shown;
}

json_t *explanation_show(const Explanation *explanation, const ExplainOrder *order)
{
  json_t *shown = json_object(), *notes = json_array();
  evs_json_set_text(shown, "id", explanation->volume_id);
  if (explanation->disk) {
    show_disk(shown, explanation, order);
  } else {
    evs_json_set_text(shown, "status", "in the recycle bin");
    evs_json_set_text(shown, "recycle_bin_until", explanation->bin_until);
  }
  json_object_set_new(shown, "job", explanation->job ? show_job(explanation->job) : json_null());
  json_object_set_new(shown, "running_calls",
                      explanation->flights ? json_incref(explanation->flights) : json_null());
  for (guint i = 0; i < explanation->notes->len; i++)
    json_array_append_new(notes, json_string(explanation->notes->pdata[i]));
  json_object_set_new(shown, "notes", notes);
  return shown;
}

/* ---- text ---- */

static void line(GString *text, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void line(GString *text, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *raw = g_strdup_vprintf(format, arguments), *plain = output_plain_text(raw);
  va_end(arguments);
  g_string_append_printf(text, "  %-12s %s\n", name, plain);
}

static void write_owner(GString *text, const EvsDisk *disk, const ExplainOrder *order)
{
  const char *relation = owner_relation(disk, order->owner), *pv = evs_disk_metadata(disk, OWNER_KEY_PV_NAME);
  if (evs_disk_metadata(disk, OWNER_KEY_CLUSTER)[0] || evs_disk_metadata(disk, OWNER_KEY_DRIVER)[0]) {
    g_autofree char *owner = owner_describe(disk);
    line(text, "owner", "%s%s%s", owner, relation ? ": " : "", relation ? relation : "");
  } else {
    line(text, "owner", "nobody: %s", pv[0] ? "made by another CSI driver" : "made by hand");
  }
  if (pv[0])
    line(text, "volume", "PV %s, PVC %s/%s", pv, evs_disk_metadata(disk, OWNER_KEY_PVC_NAMESPACE),
         evs_disk_metadata(disk, OWNER_KEY_PVC_NAME));
}

static void write_attachments(GString *text, const Explanation *explanation)
{
  const GPtrArray *attachments = explanation->disk->attachments;
  for (guint i = 0; i < attachments->len; i++) {
    const EvsAttachment *attachment = attachments->pdata[i];
    const EvsServer *server = server_of(explanation, attachment->server_id);
    line(text, "attached", "to server %s (%s, %s) as %s", attachment->server_id,
         server ? server->name : "unknown", server ? server->status : "unknown",
         attachment->device[0] ? attachment->device : "-");
  }
}

static void write_snapshots(GString *text, const Explanation *explanation)
{
  if (explanation->snapshots && explanation->snapshots->len == 0)
    line(text, "snapshots", "none");
  for (guint i = 0; explanation->snapshots && i < explanation->snapshots->len; i++) {
    const EvsSnapshot *snapshot = explanation->snapshots->pdata[i];
    line(text, i ? "" : "snapshots", "%s %s (%s, %s)", snapshot->id, snapshot->name,
         snapshot_kind_word(snapshot), snapshot->status);
  }
}

static void write_operations(GString *text, const Explanation *explanation)
{
  g_string_append(text, "\n");
  for (guint operation = 0; operation < DISK_N_OPERATIONS; operation++) {
    const char *name = disk_operation_name((DiskOperation)operation);
    if (!is_blocked(explanation, (DiskOperation)operation))
      line(text, name, "possible");
    for (guint i = 0; i < explanation->blocks->len; i++) {
      const DiskBlock *block = explanation->blocks->pdata[i];
      if (block->operation != (DiskOperation)operation)
        continue;
      line(text, name, "no: %s", block->reason);
      line(text, "", "-> %s", block->remedy);
      name = "";
    }
  }
}

static void write_disk(GString *text, const Explanation *explanation, const ExplainOrder *order)
{
  const EvsDisk *disk = explanation->disk;
  g_autofree char *source = source_of(disk);
  line(text, "status", "%s: %s", disk->status, disk_status_words(disk->status));
  line(text, "size", "%" G_GINT64_FORMAT " GiB %s in %s%s", disk->size_gib, disk->volume_type,
       disk->availability_zone, disk->multiattach ? ", shared" : "");
  if (source[0])
    line(text, "made of", "%s", source);
  write_owner(text, disk, order);
  write_attachments(text, explanation);
  write_snapshots(text, explanation);
  if (explanation->transfer)
    line(text, "transfer", "%s '%s' since %s, not accepted yet", explanation->transfer->id,
         explanation->transfer->name, explanation->transfer->created_at);
  line(text, "recycle bin",
       explanation->bin_on ? "on: deleted disks can be taken back for some days"
                           : "off: a deleted disk is gone");
}

static void write_work(GString *text, const Explanation *explanation)
{
  const EvsJob *job = explanation->job;
  if (job)
    line(text, "job", "%s %s %s %s %s", job->id, job->type, job_state_word(job->state), job->error_code,
         job->fail_reason);
  if (explanation->flights && json_array_size(explanation->flights) == 0)
    line(text, "controller", "does nothing with it now");
  gsize i;
  json_t *flight;
  json_array_foreach(explanation->flights, i, flight)
  {
    g_autofree char *operation = evs_json_text(flight, "operation"), *note = evs_json_text(flight, "note");
    g_autofree char *age = duration_format(evs_json_int(flight, "age_ms", 0) / 1000);
    line(text, "controller", "%s runs since %s: %s", operation, age, note);
  }
}

char *explanation_text(const Explanation *explanation, const ExplainOrder *order)
{
  GString *text = g_string_new(NULL);
  g_autofree char *name = output_plain_text(explanation->disk ? explanation->disk->name : "");
  g_string_append_printf(text, "disk %s %s\n", explanation->volume_id, name);
  if (explanation->disk)
    write_disk(text, explanation, order);
  else
    line(text, "status",
         "deleted, and in the recycle bin until %s: take it back by evsctl recycle-bin restore %s",
         explanation->bin_until[0] ? explanation->bin_until : "a time the cloud does not tell",
         explanation->volume_id);
  write_work(text, explanation);
  if (explanation->disk)
    write_operations(text, explanation);
  for (guint i = 0; i < explanation->notes->len; i++)
    line(text, "note", "%s", (const char *)explanation->notes->pdata[i]);
  return g_string_free(text, FALSE);
}
