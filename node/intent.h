/* Notes on the disk itself of what has begun and cannot be cut off without harm, so that whoever comes next, on this
 * node or another, knows that the harm is ours and how to mend it. Written before the work, cleared after it and before
 * the file system is mounted.
 *
 *   INTENT_MKFS  a block 3 MiB before the end, where no mkfs of the table writes before its superblock is there. A disk is
 *                formatted only if its edges are all zero, but a killed mkfs.ext4 leaves no signature and bytes that are
 *                not zero: the note tells them from data.
 *   INTENT_GROW  the first 512 bytes, which ext2/3/4 leave to boot loaders, if they are all zero. A killed resize2fs leaves
 *                what e2fsck -p will not repair; but the file system was sound when the note was written, so that e2fsck
 *                -y mends it without a person to decide. */
#pragma once

#include "node/device.h"

typedef enum { INTENT_MKFS, INTENT_GROW } Intent;

/* The block is on the disk when this returns. Where there is no place for it, there is no note and that is fine.
 * INTERNAL if the disk cannot be written. */
gboolean intent_write(const Device *device, Intent intent, GError **error);

/* FALSE also when the disk cannot be read. */
gboolean intent_is_present(const Device *device, Intent intent);

/* Clears the block if it still holds the note; mkfs may have taken the place. */
gboolean intent_clear(const Device *device, Intent intent, GError **error);
