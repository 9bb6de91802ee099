#include "evsctl/pv_list.h"

#include "base/text.h"
#include "evsclient/json.h"
#include "evsctl/kubectl.h"

#include <stdio.h>

#define SNAPSHOT_NAME_PREFIX "snapshot-" /* of external-snapshotter, before the VolumeSnapshot's uid */

enum { MAX_TEXT = KUBECTL_MAX_OUTPUT };

void pv_list_free(PvList *list)
{
  if (!list)
    return;
  g_hash_table_unref(list->volumes);
  g_hash_table_unref(list->snapshots);
  g_hash_table_unref(list->pending_snapshots);
  g_free(list);
}

static const char *text_at(const json_t *object, const char *const *path)
{
  for (; *path && object; path++)
    object = json_object_get(object, *path);
  const char *text = json_string_value(object);
  return text ? text : "";
}

#define TEXT_AT(object, ...) text_at((object), (const char *const[]){__VA_ARGS__, NULL})

static void add_handle(GHashTable *table, const char *handle, const char *name)
{
  if (handle[0])
    g_hash_table_insert(table, g_ascii_strdown(handle, -1), g_strdup(name));
}

static void add_volume(PvList *list, const json_t *item, const char *name)
{
  list->pv_count++;
  add_handle(list->volumes, TEXT_AT(item, "spec", "csi", "volumeHandle"), name);
  add_handle(list->volumes, TEXT_AT(item, "spec", "cinder", "volumeID"), name);
}

static void add_content(PvList *list, const json_t *item, const char *name)
{
  list->content_count++;
  const char *handle = TEXT_AT(item, "status", "snapshotHandle");
  const char *given = TEXT_AT(item, "spec", "source", "snapshotHandle");
  const char *uid = TEXT_AT(item, "spec", "volumeSnapshotRef", "uid");
  add_handle(list->snapshots, handle, name);
  add_handle(list->snapshots, given, name);
  if (!handle[0] && !given[0] && uid[0]) {
    g_autofree char *csi_name = g_strconcat(SNAPSHOT_NAME_PREFIX, uid, NULL);
    g_hash_table_add(list->pending_snapshots, text_sha256(csi_name));
  }
}

/* list_kind: of a list made by the API server itself ("PersistentVolumeList"), whose items have no kind of their own. */
static gboolean add_item(PvList *list, const json_t *item, const char *list_kind, gsize index, GError **error)
{
  const char *kind = TEXT_AT(item, "kind"), *name = TEXT_AT(item, "metadata", "name");
  if (!kind[0])
    kind = g_str_equal(list_kind, "PersistentVolumeList")        ? "PersistentVolume"
           : g_str_equal(list_kind, "VolumeSnapshotContentList") ? "VolumeSnapshotContent"
                                                                 : "";
  if (name[0] && g_str_equal(kind, "PersistentVolume"))
    add_volume(list, item, name);
  else if (name[0] && g_str_equal(kind, "VolumeSnapshotContent"))
    add_content(list, item, name);
  else
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--pv-list: item %" G_GSIZE_FORMAT
                         " is neither a PersistentVolume nor a VolumeSnapshotContent with a name",
                         index);
  return TRUE;
}

PvList *pv_list_parse(const char *text, gsize length, GError **error)
{
  g_autoptr(json_t) document = evs_json_parse(text, length);
  const json_t *items = json_object_get(document, "items");
  if (!json_is_array(items)) {
    evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "--pv-list: no list: what 'kubectl get persistentvolumes,volumesnapshotcontents -o json' writes is "
      "expected");
    return NULL;
  }
  g_autoptr(PvList) list = g_new0(PvList, 1);
  list->volumes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  list->snapshots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  list->pending_snapshots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  gsize index;
  json_t *item;
  json_array_foreach(items, index, item)
  {
    if (!add_item(list, item, TEXT_AT(document, "kind"), index, error))
      return NULL;
  }
  return g_steal_pointer(&list);
}

static gboolean read_stdin(char **ret_text, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  char piece[65536];
  size_t length;
  while ((length = fread(piece, 1, sizeof piece, stdin)) > 0) {
    g_string_append_len(text, piece, (gssize)length);
    if (text->len > MAX_TEXT)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--pv-list: stdin holds more than %d bytes",
                           MAX_TEXT);
  }
  *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
  return TRUE;
}

static gboolean ask_kubectl(const char *resources, const EvsContext *context, char **ret_text, GError **error)
{
  const char *const arguments[] = {"get", resources, "-o", "json", NULL};
  return kubectl_run(arguments, context, ret_text, error);
}

gboolean pv_list_read(const char *source, const char *resources, const EvsContext *context, char **ret_text,
                      GError **error)
{
  g_autoptr(GError) problem = NULL;
  if (g_str_equal(source, "-"))
    return read_stdin(ret_text, error);
  if (g_str_equal(source, "kubectl"))
    return ask_kubectl(resources, context, ret_text, error);
  return text_read_file(source, MAX_TEXT, ret_text, NULL, &problem) ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--pv-list: %s", problem->message);
}

PvList *pv_list_load(const char *source, const EvsContext *context, GError **error)
{
  g_autofree char *text = NULL;
  if (pv_list_read(source, "persistentvolumes,volumesnapshotcontents.snapshot.storage.k8s.io", context, &text,
                   error))
    return pv_list_parse(text, strlen(text), error);
  if (error && evs_error_is(*error, EVS_CODE_FAILED_PRECONDITION))
    evs_error_set_remedy(
      *error, "a cluster without snapshots: 'kubectl get persistentvolumes -o json | evsctl orphans "
              "--pv-list=- ...'");
  return NULL;
}

static const char *look_up(GHashTable *table, const char *id)
{
  g_autofree char *lower = g_ascii_strdown(id, -1);
  return g_hash_table_lookup(table, lower);
}

const char *pv_list_volume(const PvList *list, const char *volume_id)
{
  return look_up(list->volumes, volume_id);
}

const char *pv_list_snapshot(const PvList *list, const char *snapshot_id)
{
  return look_up(list->snapshots, snapshot_id);
}

const char *pv_list_handle(const PvList *list, const char *pv_name)
{
  GHashTableIter iterator;
  gpointer handle, name;
  g_hash_table_iter_init(&iterator, list->volumes);
  while (g_hash_table_iter_next(&iterator, &handle, &name)) {
    if (g_str_equal(name, pv_name))
      return handle;
  }
  return NULL;
}
