/* Reads a page of a running controller or node plugin (--http-endpoint): /metrics, /debug/pending. Without credentials;
 * plain http, since these pages have no TLS. */
#pragma once

#include "evsclient/client.h"

/* url: "http://HOST:PORT/PATH". Newly allocated text. INVALID_ARGUMENT for another URL, UNAVAILABLE if nobody answers,
 * FAILED_PRECONDITION for an answer other than 200 unless ret_status takes it. */
char *page_fetch(const char *url, const EvsContext *context, int *ret_status, GError **error);

/* base: "http://HOST:PORT", with or without a slash. */
char *page_fetch_below(const char *base, const char *path, const EvsContext *context, int *ret_status,
                       GError **error);
