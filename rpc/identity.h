/* The CSI Identity service, the same on the sockets of both plugins: a CO may ask either what the plugin can. Constants
 * of build and options, answered without any I/O; what needs a feature gate is listed only with it. */
#pragma once

#include "rpc/feature_gates.h"
#include "rpc/server.h"

typedef struct {
  const char *driver_name;
  const FeatureGates *gates;
} PluginIdentity;

/* Before rpc_server_start(); identity and what it points to must outlive the server. */
void identity_add_service(RpcServer *server, PluginIdentity *identity);
