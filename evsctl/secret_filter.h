/* Takes secrets out of text that leaves the machine: logs, pages, metadata.
 *
 * Two nets. What is known: every secret value of cloud-config, also percent-encoded and in base64. What looks like one:
 * values behind names with password, secret, token, auth key, credential, access key and their like (JSON, JSON within
 * JSON, key=value, headers, URLs' queries), user and password in URLs, Authorization headers and signatures, private keys
 * in PEM, tokens known by their form. Text that cannot be searched is left out as a whole. Any thread. */
#pragma once

#include "evsclient/config.h"

typedef struct SecretFilter SecretFilter;

/* config NULL: nothing is known. */
SecretFilter *secret_filter_new(const EvsConfig *config);
void secret_filter_free(SecretFilter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretFilter, secret_filter_free)

/* Newly allocated, valid UTF-8. */
char *secret_filter_apply(const SecretFilter *filter, const char *text, gsize length);
