/* NodeGetInfo and NodeGetCapabilities: who this node is and what it can. */
#include "node/node.h"

#include "base/clock.h"
#include "node/attach_limit.h"
#include "node/metadata_reply.h"
#include "node/request.h"
#include "node/spawn.h"
#include "node/startup_taint.h"
#include "rpc/capability_list.h"

enum { METADATA_TIMEOUT_MS = 25 * 1000 };

static gboolean ask_metadata(const Node *node, MetadataReply *ret_reply, GError **error)
{
  g_autofree char *helper = spawn_helper_path("evs-csi-metadata");
  g_autofree char *url = g_strconcat("--metadata-url=", node->options.metadata_url, NULL);
  const char *const argv[] = {helper, url, NULL};
  SpawnRequest request = {
    .argv = argv,
    .device_fd = -1,
    .deadline_us = clock_deadline_in_ms(METADATA_TIMEOUT_MS),
  };
  g_auto(SpawnResult) result = {0};
  if (!spawn_run(&request, &result, error))
    return FALSE;
  if (result.exit_code == 0)
    return metadata_reply_parse(result.output, ret_reply, error);
  g_autofree char *words = spawn_last_words(result.output);
  return evs_error_set(error, EVS_CODE_UNAVAILABLE, "%s", words);
}

gboolean node_identify(Node *node, const char **ret_id, const char **ret_zone, GError **error)
{
  MUTEX_HOLD(&node->identity_lock);
  if (!node->node_id || !node->zone) {
    g_auto(MetadataReply) reply = {0};
    g_autoptr(GError) reason = NULL;
    if (!ask_metadata(node, &reply, &reason))
      return evs_error_set(
        error, EVS_CODE_UNAVAILABLE,
        "cannot learn this server's id and zone (give --node-id and --zone, or let the node reach "
        "%s): %s",
        node->options.metadata_url, reason->message);
    if (!node->node_id)
      node->node_id = g_steal_pointer(&reply.node_id);
    if (!node->zone)
      node->zone = g_steal_pointer(&reply.zone);
  }
  *ret_id = node->node_id;
  *ret_zone = node->zone;
  return TRUE;
}

static Csi__V1__Topology *zone_topology(const char *zone)
{
  Csi__V1__Topology__SegmentsEntry *segment = g_new0(Csi__V1__Topology__SegmentsEntry, 1);
  csi__v1__topology__segments_entry__init(segment);
  segment->key = g_strdup(NODE_TOPOLOGY_KEY);
  segment->value = g_strdup(zone);
  Csi__V1__Topology *topology = g_new0(Csi__V1__Topology, 1);
  csi__v1__topology__init(topology);
  topology->n_segments = 1;
  topology->segments = g_new0(Csi__V1__Topology__SegmentsEntry *, 1);
  topology->segments[0] = segment;
  return topology;
}

ProtobufCMessage *node_get_info(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request;
  Node *node = data;
  const char *id = NULL, *zone = NULL;
  if (!node_identify(node, &id, &zone, error))
    return NULL;
  Csi__V1__NodeGetInfoResponse *response = g_new0(Csi__V1__NodeGetInfoResponse, 1);
  csi__v1__node_get_info_response__init(response);
  response->node_id = g_strdup(id);
  response->max_volumes_per_node = attach_limit_get(node);
  response->accessible_topology = zone_topology(zone);
  startup_taint_begin(node->startup_taint);
  return &response->base;
}

#define RPC(name) CSI__V1__NODE_SERVICE_CAPABILITY__RPC__TYPE__##name

ProtobufCMessage *node_get_capabilities(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  static const CapabilityRow rows[] = {
    {RPC(STAGE_UNSTAGE_VOLUME), NULL},
    {RPC(GET_VOLUME_STATS), NULL},
    {RPC(EXPAND_VOLUME), NULL},
    {RPC(SINGLE_NODE_MULTI_WRITER), NULL},
    {RPC(GET_VOLUME_HEALTH), feature_gate_volume_health},
    {RPC(GET_STORAGE_HEALTH), feature_gate_volume_health},
  };
  const Node *node = data;
  Csi__V1__NodeGetCapabilitiesResponse *response = g_new0(Csi__V1__NodeGetCapabilitiesResponse, 1);
  csi__v1__node_get_capabilities_response__init(response);
  response->capabilities = (Csi__V1__NodeServiceCapability **)capability_list(
    &csi__v1__node_service_capability__descriptor, rows, G_N_ELEMENTS(rows), &node->options.gates,
    &response->n_capabilities);
  return &response->base;
}
