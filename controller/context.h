/* How long the work for a call may go on, as the cloud client wants to know it.
 *
 * Two contexts per call: one for everything up to the mutating request (nothing is sent any more once all clients
 * have gone: another replica may lead by now), one for what follows a sent request (goes on without its clients, until
 * the process stops). */
#pragma once

#include "evsclient/client.h"
#include "rpc/server.h"

EvsContext context_to_send(RpcCall *call);
EvsContext context_to_wait(RpcCall *call);

/* FALSE once the deadline has passed or the context is cancelled. */
gboolean context_alive(const EvsContext *context);

/* As `context`, but ending in `ms` at the latest. */
EvsContext context_slice(const EvsContext *context, gint64 ms);

/* Sleeps between two looks at the cloud. FALSE with ABORTED, saying what was awaited, when the context ends first. */
gboolean context_pause(const EvsContext *context, gint64 ms, const char *awaited, GError **error);
