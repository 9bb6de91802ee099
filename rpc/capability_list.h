/* Capability lists as tables. PluginCapability, ControllerServiceCapability and NodeServiceCapability of csi.proto have one
 * shape, a oneof whose first member is a message of one enum `type`; so one function builds them all. */
#pragma once

#include "rpc/feature_gates.h"

#include <protobuf-c/protobuf-c.h>

typedef struct {
  int type;         /* value of the enum */
  FeatureGate gate; /* NULL: always there */
} CapabilityRow;

/* The rows whose gate is open, in their order, as messages of this type; allocated as responses are (rpc/server.h).
 * A type of another shape aborts. */
ProtobufCMessage **capability_list(const ProtobufCMessageDescriptor *type, const CapabilityRow *rows,
                                   gsize n_rows, const FeatureGates *gates, gsize *ret_count);
