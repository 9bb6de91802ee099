/* "A mkfs of ours has begun on this disk": a block 3 MiB before the end of the disk, where no mkfs of the table writes
 * before its superblock is there. A disk is formatted only if its edges are all zero, but a killed mkfs.ext4 leaves no
 * signature and bytes that are not zero: the note tells them from data. Written
 * before mkfs, cleared before the label is, so that no mounted file system ever carries it. */
#pragma once

#include "node/device.h"

/* INTERNAL if the disk cannot be written. The block is on the disk when this returns. */
gboolean intent_write(const Device *device, GError **error);

/* FALSE also when the disk cannot be read. */
gboolean intent_is_present(const Device *device);

/* Clears the block if it still holds the note; mkfs may have taken the place. */
gboolean intent_clear(const Device *device, GError **error);
