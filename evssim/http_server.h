/* The one port of evs-sim: libevent's evhttp, with TLS by its OpenSSL glue. Hands each request to the router and sends
 * the answer after the request's delay; makes the faults that concern the connection (drop, spoilt bodies). */
#pragma once

#include "evssim/sim.h"

typedef struct HttpServer HttpServer;

/* address: "127.0.0.1:0", "[::1]:8470"; port 0: any. cert and key: PEM files, both or neither NULL. Sets
 * sim->base_url. Connections are served as the event loop runs. */
HttpServer *http_server_new(Sim *sim, const char *address, const char *cert, const char *key, GError **error);
/* Closes the port and all connections; delayed answers are dropped. NULL is fine. */
void http_server_free(HttpServer *server);

/* Splits "HOST:PORT" and "[HOST]:PORT"; INVALID_ARGUMENT saying what is accepted. */
gboolean http_parse_address(const char *address, char **ret_host, guint16 *ret_port, GError **error);
