/* Many calls as fast as answers come, for measuring: one thread, a given number of calls under way at any time, spread over
 * connections of their own. The client is as cheap as core allows (no retries, no filters): it shares the machine with
 * what it measures. */
#pragma once

#include "base/error.h"

enum { RPC_LOAD_IN_FLIGHT_MAX = 1024, RPC_LOAD_CONNECTIONS_MAX = 64 };

typedef struct {
  const char *endpoint; /* as in RpcServerOptions */
  const char *path;     /* "/csi.v1.Identity/Probe"; the request is empty */
  guint calls;
  guint in_flight;   /* 1 .. RPC_LOAD_IN_FLIGHT_MAX */
  guint connections; /* 1 .. RPC_LOAD_CONNECTIONS_MAX */
} RpcLoad;

/* Makes the calls, after one on each connection that does not count. *ret_elapsed_us: from the first request to the last
 * answer. *ret_failed: answers that were not OK. FALSE only if calls could not be made at all. */
gboolean rpc_load_run(const RpcLoad *load, gint64 *ret_elapsed_us, guint *ret_failed, GError **error);
