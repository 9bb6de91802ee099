#include "evsctl/pv_manifest.h"

#include "ownership/owner.h"

enum { NAME_MAX_LENGTH = 253, NAMESPACE_MAX_LENGTH = 63 };

const char *const pv_manifest_file_systems[] = {"ext4", "ext3", "xfs", "btrfs", NULL};

gboolean pv_manifest_name_is_valid(const char *name)
{
  gsize length = strlen(name);
  return length >= 1 && length <= NAME_MAX_LENGTH &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length && g_ascii_isalnum(name[0]) &&
         g_ascii_isalnum(name[length - 1]);
}

gboolean pv_manifest_namespace_is_valid(const char *name)
{
  return pv_manifest_name_is_valid(name) && strlen(name) <= NAMESPACE_MAX_LENGTH && !strchr(name, '.');
}

static char *choose_name(const EvsDisk *disk, const char *given)
{
  const char *noted = evs_disk_metadata(disk, OWNER_KEY_PV_NAME);
  g_autofree char *id = g_ascii_strdown(disk->id, -1);
  return given                              ? g_strdup(given)
         : pv_manifest_name_is_valid(noted) ? g_strdup(noted)
                                            : g_strconcat("evs-", id, NULL);
}

static json_t *node_affinity(const EvsDisk *disk)
{
  return json_pack("{s:{s:[{s:[{s:s, s:s, s:[s]}]}]}}", "required", "nodeSelectorTerms", "matchExpressions",
                   "key", PV_TOPOLOGY_KEY, "operator", "In", "values", disk->availability_zone);
}

static json_t *csi_source(const EvsDisk *disk, const PvManifestOrder *order, gboolean is_block)
{
  json_t *csi = json_pack("{s:s, s:s}", "driver", order->driver_name, "volumeHandle", disk->id);
  const char *fs_type = order->fs_type ? order->fs_type : "ext4";
  if (!is_block && *fs_type)
    json_object_set_new(csi, "fsType", json_string(fs_type));
  if (order->format_if_empty && !is_block)
    json_object_set_new(csi, "volumeAttributes", json_pack("{s:s}", "format", "if-empty"));
  return csi;
}

json_t *pv_manifest_make(const EvsDisk *disk, const PvManifestOrder *order)
{
  gboolean is_block = order->block || disk->multiattach;
  g_autofree char *name = choose_name(disk, order->name);
  g_autofree char *capacity = g_strdup_printf("%" G_GINT64_FORMAT "Gi", disk->size_gib);
  json_t *metadata = json_pack("{s:s}", "name", name);
  if (order->reclaim_delete) /* without it no provisioner feels called upon to delete */
    json_object_set_new(metadata, "annotations",
                        json_pack("{s:s}", "pv.kubernetes.io/provisioned-by", order->driver_name));
  json_t *spec = json_pack("{s:{s:s}, s:[s], s:s, s:s, s:s}", "capacity", "storage", capacity, "accessModes",
                           disk->multiattach ? "ReadWriteMany" : "ReadWriteOnce",
                           "persistentVolumeReclaimPolicy", order->reclaim_delete ? "Delete" : "Retain",
                           "storageClassName", order->storage_class ? order->storage_class : "", "volumeMode",
                           is_block ? "Block" : "Filesystem");
  json_object_set_new(spec, "csi", csi_source(disk, order, is_block));
  json_object_set_new(spec, "nodeAffinity", node_affinity(disk));
  return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "v1", "kind", "PersistentVolume", "metadata",
                   metadata, "spec", spec);
}

json_t *pv_manifest_bind(json_t *pv, const char *claim_namespace, const char *claim_name)
{
  json_t *spec = json_object_get(pv, "spec");
  json_object_set_new(spec, "claimRef",
                      json_pack("{s:s, s:s, s:s, s:s}", "apiVersion", "v1", "kind", "PersistentVolumeClaim",
                                "namespace", claim_namespace, "name", claim_name));
  return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:O, s:{s:{s:O}}, s:O, s:O, s:O}}", "apiVersion", "v1",
                   "kind", "PersistentVolumeClaim", "metadata", "name", claim_name, "namespace",
                   claim_namespace, "spec", "accessModes", json_object_get(spec, "accessModes"), "resources",
                   "requests", "storage", json_object_get(json_object_get(spec, "capacity"), "storage"),
                   "storageClassName", json_object_get(spec, "storageClassName"), "volumeMode",
                   json_object_get(spec, "volumeMode"), "volumeName",
                   json_object_get(json_object_get(pv, "metadata"), "name"));
}
