#include "controller/snapshot_request.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "controller/string_map.h"
#include "controller/topology.h"
#include "controller/volume_id.h"
#include "controller/volume_name.h"
#include "ownership/snapshot_kind.h"

#define SIDECAR_PREFIX "csi.storage.k8s.io/"
#define FORCE_KEY "force-create"

static gboolean check_name(const char *name, GError **error)
{
  if (!volume_name_check(name, error))
    return FALSE;
  if (g_str_has_prefix(name, CLONE_SNAPSHOT_PREFIX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'name' begins with '" CLONE_SNAPSHOT_PREFIX
                         "', which this driver keeps for the snapshots that clones take");
  return TRUE;
}

static gboolean is_note(const char *key)
{
  static const char *const notes[] = {SIDECAR_PREFIX "volumesnapshot/name",
                                      SIDECAR_PREFIX "volumesnapshot/namespace",
                                      SIDECAR_PREFIX "volumesnapshotcontent/name", NULL};
  return g_strv_contains(notes, key);
}

static gboolean take_parameter(SnapshotRequest *request, const char *key, const char *value,
                               UnknownParameters unknown, GError **error)
{
  if (g_str_equal(key, FORCE_KEY)) {
    if (text_parse_bool(value, &request->force))
      return TRUE;
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "parameter '" FORCE_KEY "' is '%.64s'; accepted: true, false", value);
  }
  if (is_note(key) && text_is_printable(value))
    g_hash_table_insert(request->notes, g_strdup(key), g_strdup(value));
  if (g_str_has_prefix(key, SIDECAR_PREFIX) || unknown == PARAMETERS_IGNORE_UNKNOWN)
    return TRUE;
  if (unknown == PARAMETERS_WARN_UNKNOWN) {
    log_warn("unknown parameter ignored", LOG_TEXT("parameter", key));
    return TRUE;
  }
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "parameter '%.64s' is unknown; accepted: " FORCE_KEY ", " SIDECAR_PREFIX "*", key);
}

SnapshotRequest *snapshot_request_parse(const Csi__V1__CreateSnapshotRequest *message,
                                        UnknownParameters unknown, GError **error)
{
  g_autoptr(SnapshotRequest) request = g_new0(SnapshotRequest, 1);
  request->force = TRUE;
  request->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (!check_name(message->name, error) ||
      !volume_id_check("source_volume_id", message->source_volume_id, error))
    return NULL;
  StringMap parameters = STRING_MAP(message, parameters);
  for (gsize i = 0; i < parameters.count; i++)
    if (!take_parameter(request, parameters.entries[i]->key, parameters.entries[i]->value, unknown, error))
      return NULL;
  request->zones = topology_zones(message->accessibility_requirements, error);
  if (!request->zones)
    return NULL;
  request->name = g_strdup(message->name);
  request->evs_name = volume_name_to_evs(message->name);
  request->volume_id = g_strdup(message->source_volume_id);
  return g_steal_pointer(&request);
}

void snapshot_request_free(SnapshotRequest *request)
{
  if (!request)
    return;
  g_free(request->name);
  g_free(request->evs_name);
  g_free(request->volume_id);
  g_clear_pointer(&request->notes, g_hash_table_unref);
  g_clear_pointer(&request->zones, g_ptr_array_unref);
  g_free(request);
}
