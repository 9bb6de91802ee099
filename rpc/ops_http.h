/* The HTTP endpoint for operators and probes, in a thread of its own:
 *   /metrics        Prometheus text
 *   /healthz        200 while the process serves
 *   /readyz         200, or 503 with the reason
 *   /debug/pending  JSON of the running flights
 * GET and HEAD only; other paths are 404. Ceilings: 8 KiB of header, no body, 10 s per connection. */
#pragma once

#include "rpc/daemon.h"

typedef struct OpsHttp OpsHttp;

/* address: "ADDR:PORT", "[ADDR6]:PORT" or ":PORT" (all addresses); port 0 = any. INVALID_ARGUMENT for a bad address,
 * INTERNAL when it cannot be bound. server and data must outlive the endpoint. */
OpsHttp *ops_http_start(const char *address, RpcServer *server, DaemonReady ready, void *data,
                        GError **error);

/* The port that is listened on. */
guint16 ops_http_port(const OpsHttp *http);

/* Waits for the thread's end. NULL is fine. */
void ops_http_stop(OpsHttp *http);
