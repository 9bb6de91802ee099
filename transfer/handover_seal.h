/* The handover's text under a passphrase: scrypt (N 2^15, r 8, p 1, salt of 16 bytes) makes the key, AES-256-GCM (nonce of 12
 * bytes, tag of 16 behind the text) encrypts and proves that nothing was changed. All in base64, as JSON. Each key
 * takes about 0.1 s and 32 MiB: one is made at a time. Any thread. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* Newly allocated. INVALID_ARGUMENT for a passphrase that is empty or over HANDOVER_MAX_PASSPHRASE bytes. */
char *handover_seal(const char *text, const char *passphrase, GError **error);

/* The error for a member that format 1 does not know. Returns FALSE. */
gboolean handover_refuse_unknown(const char *name, GError **error);

/* The text inside; newly allocated, free it by handover_text_free(). INVALID_ARGUMENT: no passphrase (NULL), a wrong one,
 * a changed text, unknown members or another way of encryption. */
char *handover_unseal(const json_t *sealed, const char *passphrase, GError **error);
