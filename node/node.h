/* The node plugin: CSI Identity and Node on the Linux block layer. It makes no cloud call and holds no credentials;
 * what it needs to know of a disk comes in publish_context.
 *
 * A Node is immutable but for its identity, which is asked once; handlers run in any thread. The methods that change
 * a volume run as single flights with the key "volume:<id>", so that two of one volume never run at a time. */
#pragma once

#include "base/thread.h"
#include "node/device.h"
#include "node/options.h"
#include "node/path_guard.h"
#include "rpc/identity.h"

typedef struct {
  NodeOptions options;
  PluginIdentity identity;
  PathGuard *guard;
  DeviceTree tree;
  Mutex identity_lock;
  char *node_id; /* with identity_lock held; NULL until known */
  char *zone;
  struct StartupTaint *startup_taint; /* NULL without --remove-startup-taint */
} Node;

/* Takes over the options' strings. Errors as path_guard_new(). */
Node *node_new(NodeOptions *options, GError **error);
void node_free(Node *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

/* Adds both services to the server; node must live as long as it. */
void node_add_services(Node *node, RpcServer *server);

/* The id and zone of this server, asked of evs-csi-metadata if an option does not say it. Strings belong to the node.
 * UNAVAILABLE when the metadata service does not tell. */
gboolean node_identify(Node *node, const char **ret_id, const char **ret_zone, GError **error);

/* Handlers, each in a file of its own (stage.c ...). */
ProtobufCMessage *node_stage_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_unstage_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_publish_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_unpublish_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_get_volume_stats(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_expand_volume(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_get_volume_health(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_get_storage_health(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_get_info(RpcCall *call, const void *request, void *data, GError **error);
ProtobufCMessage *node_get_capabilities(RpcCall *call, const void *request, void *data, GError **error);
