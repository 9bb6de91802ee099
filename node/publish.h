/* NodePublishVolume in two kinds; publish.c checks the request and calls one of them. */
#pragma once

#include "node/mounter.h"
#include "node/node.h"
#include "node/request.h"

typedef struct {
  Node *node;
  VolumeUse use;
  DiskFacts facts;
  GuardedPath staging, target;
  gboolean read_only; /* asked for by the call or by the access mode */
} PublishJob;

/* Binds the staged file system to the target directory. */
gboolean publish_filesystem(PublishJob *job, GError **error);

/* Binds the disk's node to the target file. A bind mount cannot make a device node read-only, so a read-only publish
 * sets the whole disk read-only (BLKROSET) as long as it is published so; it is refused while the disk is published
 * writable on this node, and the reverse. */
gboolean publish_block(PublishJob *job, GError **error);
