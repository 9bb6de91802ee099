/* The methods of all CSI services, found by name. */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

typedef struct {
  const ProtobufCServiceDescriptor *service;
  const ProtobufCMethodDescriptor *method;
} CsiMethod;

/* All services of csi.v1, NULL-terminated. */
const ProtobufCServiceDescriptor *const *csi_services(void);

/* Finds "CreateVolume", "Controller.CreateVolume", "Controller/CreateVolume", "csi.v1.Controller.CreateVolume" or
 * "/csi.v1.Controller/CreateVolume". INVALID_ARGUMENT when there is no such method. */
gboolean csi_method_find(const char *name, CsiMethod *ret_method, GError **error);
