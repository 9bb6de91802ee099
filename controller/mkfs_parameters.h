/* StorageClass parameters for mkfs (rpc/mkfs_options.h): the node makes the file system and gets them by the volume's
 * context, but what mkfs would refuse is told at CreateVolume, before there is a disk. */
#pragma once

#include "controller/create_request.h"

/* INVALID_ARGUMENT naming the parameter, the file system and what is accepted. capabilities are the request's: every
 * file system among them must take the parameters (one without name counts as ext4), raw block takes none. */
gboolean mkfs_parameters_check(const VolumeParameters *parameters,
                               Csi__V1__VolumeCapability *const *capabilities, gsize count, GError **error);

/* Puts those that are given into volume_context. */
void mkfs_parameters_put(const VolumeParameters *parameters, Csi__V1__Volume *volume);
