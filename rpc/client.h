/* Small blocking gRPC client for protobuf-c services, for tools and tests.
 * One connection per client; a client may be used by several threads at once. */
#pragma once

#include "base/error.h"

#include <protobuf-c/protobuf-c.h>

typedef struct RpcClient RpcClient;

/* endpoint as in RpcServerOptions. Does not connect yet. INVALID_ARGUMENT for a bad endpoint. */
RpcClient *rpc_client_new(const char *endpoint, GError **error);
void rpc_client_free(RpcClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RpcClient, rpc_client_free)

/* Makes one unary call and waits for its end. The request may be of any message type. Returns the service's output
 * message for this method (free with protobuf_c_message_free_unpacked(m, NULL)), or NULL with an error whose code and
 * text are the server's status. A method the descriptor lacks: UNIMPLEMENTED, nothing sent. */
ProtobufCMessage *rpc_client_call(RpcClient *client, const ProtobufCServiceDescriptor *service,
                                  const char *method, const ProtobufCMessage *request, gint64 timeout_ms,
                                  GError **error);

/* As rpc_client_call for raw bytes and any path ("/csi.v1.Node/NoSuch"); for tests of the wire. */
gboolean rpc_client_call_raw(RpcClient *client, const char *path, const void *request, gsize length,
                             gint64 timeout_ms, GBytes **ret_reply, GError **error);
