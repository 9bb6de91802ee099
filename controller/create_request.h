/* A CreateVolume request, checked and turned into plain values. No I/O: it also runs on the gRPC thread. */
#pragma once

#include "controller/capability.h"
#include "controller/parameters.h"
#include "controller/volume_size.h"

/* What the volume is filled from. */
typedef enum { SOURCE_NONE, SOURCE_SNAPSHOT, SOURCE_VOLUME } SourceKind;

typedef struct {
  char *name;     /* the CSI name */
  char *evs_name; /* what EVS calls it */
  VolumeSize size;
  CapabilityNeeds needs;
  VolumeParameters parameters;
  GPtrArray *zones; /* of char*, best first; empty: any. `availability` is already in it */
  SourceKind source_kind;
  char *source_id; /* of the snapshot or volume; NULL for SOURCE_NONE */
} CreateRequest;

/* Checks everything that can be checked without the cloud. Errors name the field and what is accepted:
 * INVALID_ARGUMENT, OUT_OF_RANGE (size). unknown as in parameters_parse(). */
CreateRequest *create_request_parse(const Csi__V1__CreateVolumeRequest *message, UnknownParameters unknown,
                                    GError **error);
void create_request_free(CreateRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CreateRequest, create_request_free)

/* What the disk's metadata say of its source (OWNER_KEY_SOURCE): "snapshot:<id>", "volume:<id>". Newly allocated; NULL
 * for SOURCE_NONE. */
char *create_request_source_mark(const CreateRequest *request);
