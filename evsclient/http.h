/* HTTP/1.1 by one thread with a libcurl multi handle; callers block. Any number of threads may call.
 *
 * Ceilings: HTTP_MAX_CONNECTIONS transfers at once (later ones queue in order and are unsent until they start),
 * HTTP_MAX_BODY bytes per answer, HTTP_CONNECT_MS and HTTP_TOTAL_MS per transfer, counted from its start.
 * Redirects are not followed, proxies come from the configuration only (environment variables are not read).
 *
 * libcurl sends a request again by itself when a reused connection dies before the first byte of the answer, POST or
 * not. A request that must not be doubled therefore asks for a fresh connection.
 *
 * Sockets to servers are close-on-exec from birth; libcurl's own wake-up pair is not (7.88), so a program that starts
 * others besides uses posix_spawn with closefrom.
 */
#pragma once

#include "evsclient/client.h"

#include <curl/curl.h>

enum {
  HTTP_MAX_CONNECTIONS = 16,
  HTTP_MAX_BODY = 8 << 20,
  HTTP_CONNECT_MS = 10 * 1000,
  HTTP_TOTAL_MS = 60 * 1000,
};

typedef struct EvsHttp EvsHttp;

typedef struct {
  const char *method, *url;
  struct curl_slist *headers;
  const char *body; /* NULL: none */
  gsize body_length;
  gboolean fresh;       /* on a connection of its own */
  gboolean abandonable; /* a read: cancellation ends the transfer, not only the wait before it */
  gboolean no_proxy;
  guint total_ms;          /* 0: HTTP_TOTAL_MS */
  const EvsConfig *config; /* ca-file, insecure, proxy */
} EvsHttpRequest;

typedef struct {
  int status;
  GString *body;
  char *request_id,
    *subject_token; /* headers X-Request-Id (or X-IAM-Trace-Id), X-Subject-Token; NULL: absent */
  gint64 date_us;   /* header Date, wall clock; 0: absent */
} EvsHttpResponse;

EvsHttp *evs_http_new(void);
/* No call may be running. NULL is fine. */
void evs_http_free(EvsHttp *http);

/* One transfer. TRUE for any complete answer, whatever its status. Errors: UNAVAILABLE (UNSENT or UNKNOWN),
 * INTERNAL for an answer above HTTP_MAX_BODY, FAILED_PRECONDITION for a certificate that does not verify, ABORTED when
 * cancelled, ABORTED or DEADLINE_EXCEEDED (abandonable) when the deadline passes. The text names the host, never a
 * header. Secrets of the request that an error answer quotes are masked in it (echo.h). */
gboolean evs_http_perform(EvsHttp *http, const EvsContext *context, const EvsHttpRequest *request,
                          EvsHttpResponse *ret_response, GError **error);

/* Overwrites what may be secret (subject token, body). */
void evs_http_response_clear(EvsHttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EvsHttpResponse, evs_http_response_clear)

/* Header lists hold tokens: these append, and free with overwriting. */
void evs_headers_add(struct curl_slist **headers, const char *name, const char *value);
void evs_headers_free(struct curl_slist *headers);

/* What a wait finds out: TRUE while the context still wants the call. FALSE sets *error to ABORTED, or to
 * DEADLINE_EXCEEDED for a read whose time is up; what: "create disk". */
gboolean evs_context_check(const EvsContext *context, const char *what, gboolean read, GError **error);
/* Sleeps until then, or until the context ends (FALSE with *error). */
gboolean evs_context_sleep(const EvsContext *context, gint64 until_us, const char *what, gboolean read,
                           GError **error);
/* The end of one slice of waiting: at most 500 ms ahead, at most the deadline. */
gint64 evs_context_slice(const EvsContext *context);
