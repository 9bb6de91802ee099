/* A small HTTP/1.1 server on a loopback port whose answers a test writes down: for what a well-behaved server never
 * does (dropped connections, cut and dripping bodies) and for counting what a client really sends.
 *
 * Rules are tried in order; the first whose `match` begins "METHOD target" and that has `times` left answers. Nothing
 * matches: 404 EVS.5404. Rules may be added while it runs. One thread per connection; at most 64 connections.
 */
#pragma once

#include <glib.h>

typedef struct HttpScript HttpScript;

typedef enum {
  SCRIPT_ANSWER,
  SCRIPT_DROP,     /* read the request, close without an answer */
  SCRIPT_TRUNCATE, /* announce more bytes than are sent, close */
  SCRIPT_DRIP,     /* the body byte by byte, one per 50 ms */
} ScriptKind;

typedef struct {
  int status;
  char *body; /* owned by the server after the call; NULL: none */
} ScriptAnswer;

typedef struct {
  const char *match; /* "GET /v2/" */
  guint times;       /* 0: for ever */
  ScriptKind kind;
  int status;          /* 0: 200 */
  const char *body;    /* NULL: none */
  const char *headers; /* "Name: value\r\n..." or NULL */
  int delay_ms;
  /* Instead of status and body: called in the connection's thread with the whole request. */
  void (*answer)(void *data, const char *request, ScriptAnswer *ret_answer);
  void *data;
} ScriptRule;

HttpScript *http_script_start(void);
/* As http_script_start, by TLS: certificate and key are PEM files (tls_files.h). Whoever does not shake hands is dropped and not
 * counted as a request. */
HttpScript *http_script_start_tls(const char *certificate_path, const char *key_path);
void http_script_stop(HttpScript *script);

/* "http://127.0.0.1:PORT", or "https://..." */
const char *http_script_url(HttpScript *script);
/* Strings of the rule must outlive the server. */
void http_script_add(HttpScript *script, ScriptRule rule);
void http_script_clear(HttpScript *script);

/* Requests so far that begin like this; "" counts all. */
guint http_script_count(HttpScript *script, const char *prefix);
/* The last such request, head and body; NULL: none. Newly allocated. */
char *http_script_last(HttpScript *script, const char *prefix);
guint http_script_connections(HttpScript *script);
