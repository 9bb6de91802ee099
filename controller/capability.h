/* Volume capabilities: access types, access modes and file systems that a disk can serve today. One table decides and
 * is printed in the refusals.
 *
 * SINGLE_NODE_* modes work for file systems and raw block; MULTI_NODE_MULTI_WRITER for raw block on a disk with
 * multiattach (two servers writing one ext4 destroy it). */
#pragma once

#include "csi.pb-c.h"

#include <glib.h>

typedef struct {
  gboolean block, mount; /* access types asked for */
  gboolean multi_node;   /* some capability needs several servers at once: the disk must have multiattach */
} CapabilityNeeds;

/* Checks one capability; field names it in errors ("volume_capability"). Adds what it needs to *needs.
 * INVALID_ARGUMENT naming what is missing or unsupported and what is accepted. */
gboolean capability_check(const Csi__V1__VolumeCapability *capability, const char *field,
                          CapabilityNeeds *needs, GError **error);

/* Checks field 'volume_capabilities', which must not be empty. */
gboolean capability_check_list(Csi__V1__VolumeCapability *const *capabilities, gsize count,
                               CapabilityNeeds *ret_needs, GError **error);

/* "SINGLE_NODE_WRITER"; "mode 9" for a number without name. Newly allocated. */
char *capability_mode_name(int mode);
