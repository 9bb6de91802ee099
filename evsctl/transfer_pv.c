#include "evsctl/transfer_pv.h"

#include "base/text.h"
#include "evsclient/json.h"
#include "evsctl/pv_list.h"
#include "transfer/handover.h"

static void facts_free(gpointer data)
{
  PvFacts *facts = data;
  g_free(facts->name);
  g_free(facts->volume_id);
  g_free(facts->fs_type);
  g_free(facts->volume_mode);
  g_free(facts->pvc_name);
  g_free(facts->pvc_namespace);
  g_hash_table_unref(facts->labels);
  g_free(facts);
}

/* "" for what is not there. */
static char *text_at(const json_t *object, const char *first, const char *second, const char *third)
{
  const char *const path[] = {first, second, third};
  for (gsize i = 0; i < G_N_ELEMENTS(path) && path[i] && object; i++)
    object = json_object_get(object, path[i]);
  const char *text = json_string_value(object);
  return g_strdup(text ? text : "");
}

/* "topology.kubernetes.io/zone" and its like belong to the cluster that the disk leaves. */
static gboolean is_own_of_kubernetes(const char *key)
{
  g_autofree char *domain = g_strndup(key, strcspn(key, "/"));
  return strchr(key, '/') &&
         (g_str_has_suffix(domain, "kubernetes.io") || g_str_has_suffix(domain, "k8s.io"));
}

static GHashTable *read_labels(const json_t *labels)
{
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)labels, key, value)
  {
    if (json_is_string(value) && !is_own_of_kubernetes(key) && g_hash_table_size(table) < HANDOVER_MAX_LABELS)
      g_hash_table_insert(table, g_strdup(key), g_strdup(json_string_value(value)));
  }
  return table;
}

/* NULL: a PV of something else. */
static PvFacts *read_pv(const json_t *item)
{
  const json_t *spec = json_object_get(item, "spec");
  PvFacts *facts = g_new0(PvFacts, 1);
  *facts = (PvFacts){
    .name = text_at(item, "metadata", "name", NULL),
    .volume_id = text_at(spec, "csi", "volumeHandle", NULL),
    .fs_type = text_at(spec, "csi", "fsType", NULL),
    .volume_mode = text_at(spec, "volumeMode", NULL, NULL),
    .pvc_name = text_at(spec, "claimRef", "name", NULL),
    .pvc_namespace = text_at(spec, "claimRef", "namespace", NULL),
    .labels = read_labels(json_object_get(json_object_get(item, "metadata"), "labels")),
  };
  if (!*facts->volume_id && json_object_get(spec, "cinder")) {
    g_free(facts->volume_id);
    g_free(facts->fs_type);
    facts->volume_id = text_at(spec, "cinder", "volumeID", NULL);
    facts->fs_type = text_at(spec, "cinder", "fsType", NULL);
  }
  gboolean is_block = g_str_equal(facts->volume_mode, "Block");
  g_free(facts->volume_mode);
  facts->volume_mode = g_strdup(is_block ? "Block" : "Filesystem");
  if (is_block)
    facts->fs_type[0] = '\0';
  if (*facts->name && text_is_uuid(facts->volume_id))
    return facts;
  facts_free(facts);
  return NULL;
}

GPtrArray *pv_facts_parse(const char *text, gsize length, GError **error)
{
  g_autoptr(json_t) document = evs_json_parse(text, length);
  g_autofree char *kind = text_at(document, "kind", NULL, NULL);
  g_autoptr(json_t) one = json_pack("[O]", document);
  const json_t *items = g_str_equal(kind, "PersistentVolume") ? one : json_object_get(document, "items");
  if (!json_is_array(items)) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "--pv-list: no list: what 'kubectl get persistentvolumes -o json' writes is expected");
    return NULL;
  }
  GPtrArray *all = g_ptr_array_new_with_free_func(facts_free);
  gsize index;
  json_t *item;
  json_array_foreach(items, index, item)
  {
    PvFacts *facts = read_pv(item);
    if (facts)
      g_ptr_array_add(all, facts);
  }
  return all;
}

GPtrArray *pv_facts_load(const char *source, const EvsContext *context, GError **error)
{
  g_autofree char *text = NULL;
  if (!pv_list_read(source, "persistentvolumes", context, &text, error))
    return NULL;
  return pv_facts_parse(text, strlen(text), error);
}

const PvFacts *pv_facts_named(const GPtrArray *facts, const char *pv_name)
{
  for (guint i = 0; facts && i < facts->len; i++) {
    const PvFacts *one = facts->pdata[i];
    if (g_str_equal(one->name, pv_name))
      return one;
  }
  return NULL;
}

const PvFacts *pv_facts_of_disk(const GPtrArray *facts, const char *volume_id)
{
  for (guint i = 0; facts && i < facts->len; i++) {
    const PvFacts *one = facts->pdata[i];
    if (g_ascii_strcasecmp(one->volume_id, volume_id) == 0)
      return one;
  }
  return NULL;
}
