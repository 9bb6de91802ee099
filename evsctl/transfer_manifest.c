#include "evsctl/transfer_manifest.h"

#include "evsctl/pv_manifest.h"

enum { LABEL_KEY_MAX = 317, LABEL_VALUE_MAX = 63 };

char *transfer_manifest_pv_name(const TransferManifestOrder *order, const Handover *handover)
{
  if (order->pv_name)
    return g_strdup(order->pv_name);
  if (pv_manifest_name_is_valid(handover->pv_name))
    return g_strdup(handover->pv_name);
  g_autofree char *id = g_ascii_strdown(handover->volume_id, -1);
  return g_strconcat("evs-", id, NULL);
}

char *transfer_manifest_pvc_name(const TransferManifestOrder *order, const Handover *handover)
{
  if (order->pvc_name)
    return g_strdup(order->pvc_name);
  return pv_manifest_name_is_valid(handover->pvc_name) ? g_strdup(handover->pvc_name)
                                                       : transfer_manifest_pv_name(order, handover);
}

char *transfer_manifest_namespace(const TransferManifestOrder *order, const Handover *handover)
{
  const char *name = order->pvc_namespace ? order->pvc_namespace : handover->pvc_namespace;
  return g_strdup(pv_manifest_namespace_is_valid(name) ? name : "default");
}

/* As Kubernetes takes them; one that it would refuse would spoil the whole manifest. */
static gboolean is_label_text(const char *text, gsize most)
{
  gsize length = strlen(text);
  for (const char *at = text; *at; at++) {
    if (!g_ascii_isalnum(*at) && !strchr("-_./", *at))
      return FALSE;
  }
  return length <= most && (length == 0 || (g_ascii_isalnum(text[0]) && g_ascii_isalnum(text[length - 1])));
}

static json_t *make_labels(const Handover *handover)
{
  json_t *labels = json_object();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, handover->labels);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    if (*(const char *)key && is_label_text(key, LABEL_KEY_MAX) && is_label_text(value, LABEL_VALUE_MAX) &&
        !strchr(value, '/'))
      evs_json_set_text(labels, key, value);
  }
  return labels;
}

static json_t *make_pv(const TransferManifestOrder *order, const Handover *handover, const EvsDisk *disk,
                       const char *pv_name)
{
  const char *fs_type = order->fs_type ? order->fs_type : handover->fs_type;
  const PvManifestOrder plain = {
    .name = pv_name,
    .driver_name = order->driver_name,
    .fs_type = fs_type,
    .storage_class = order->storage_class,
    .block = g_str_equal(handover->volume_mode, "Block"),
  };
  json_t *pv = pv_manifest_make(disk, &plain);
  json_t *labels = make_labels(handover);
  if (json_object_size(labels) > 0)
    json_object_set(json_object_get(pv, "metadata"), "labels", labels);
  json_decref(labels);
  return pv;
}

void transfer_manifest_add(const TransferManifestOrder *order, const Handover *handover, const EvsDisk *disk,
                           json_t *into)
{
  g_autofree char *pv_name = transfer_manifest_pv_name(order, handover),
                  *pvc_name = transfer_manifest_pvc_name(order, handover),
                  *pvc_namespace = transfer_manifest_namespace(order, handover);
  json_t *pv = make_pv(order, handover, disk, pv_name);
  json_t *claim = pv_manifest_bind(pv, pvc_namespace, pvc_name);
  json_array_append_new(into, pv);
  json_array_append_new(into, claim);
}
