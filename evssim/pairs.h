/* Metadata of disks and snapshots: key-value pairs as requests bring them (evs-facts 8, 4.11). */
#pragma once

#include "evssim/sim.h"

/* What is taken: the reference has two limits, and its samples have numbers where it speaks of texts. */
typedef enum {
  PAIRS_OF_NEW_DISK,  /* 255 bytes; numbers and booleans become texts, what is neither is EVS.1018 */
  PAIRS_OF_BODY,      /* 255 bytes: updates of disks, new snapshots */
  PAIRS_OF_OPERATION, /* 85 characters: the metadata operations */
} PairsRule;

/* A copy of the JSON object with every value as text, owned by the caller; absent and null give an empty one. NULL after
 * EVS.1018 (no object), EVS.5400 (too long, no key, no text), EVS.1005 (1 MiB in sum). */
json_t *pairs_read(Request *request, const json_t *object, PairsRule rule);

/* Keys that say what a thing is (bus, encryption, order, source): set when it is made, and never by clients after that. */
gboolean pairs_is_fixed(const char *key);

/* Changes *target (its owner's), whose fixed keys stay as they are. Sets the keys of `pairs`; with `replace` all others go.
 * FALSE after EVS.2047: a fixed key would get another value. */
gboolean pairs_apply(Request *request, json_t **target, const json_t *pairs, gboolean replace);
