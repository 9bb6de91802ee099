/* A message as JSON for the debug log, without what the csi_secret option marks (table generated into
 * csi_redact.h): such a field shows as "***" whatever is in it. Unset fields are left out. */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

enum { RPC_REDACT_MAX_BYTES = 8 * 1024 }; /* a longer rendering is cut, which shows as "..." at its end */

/* Newly allocated. */
char *rpc_redact(const ProtobufCMessage *message);

/* TRUE if "csi.v1.CreateVolumeRequest"."secrets" is in the table. */
gboolean rpc_field_is_secret(const char *message, const char *field);
