/* The cloud client: authenticated HTTP calls to EVS, ECS and IAM with retry where that is safe, one error for all
 * body shapes, and the typed operations of disk.h, server.h, catalog.h, job.h; watcher.h waits for their ends.
 *
 * All calls block the calling thread; any number of threads may share one client (one curl thread serves all).
 * Every call takes an EvsContext. Retries: GET and DELETE-like calls with jitter until the deadline; a POST that may
 * have been taken is never repeated: its error has EVS_OUTCOME_UNKNOWN. Throttle answers are waited out, never
 * returned while the deadline allows.
 * Errors: mapped by cloud code (evsclient/codes.h), with request id and remedy.
 */
#pragma once

#include "base/error.h"
#include "evsclient/config.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct EvsClient EvsClient;

/* How long a call may take and whether anybody still wants it. */
typedef struct {
  gint64 deadline_us; /* g_get_monotonic_time() scale; the call fails with ABORTED (mutations) or
                                         DEADLINE_EXCEEDED (reads) when it passes */
  gboolean (*cancelled)(
    void *data); /* NULL: never. Polled at least every 500 ms and before each send. TRUE: waits end,
                                         nothing new is sent (ABORTED, EVS_OUTCOME_UNSENT for the call not sent) */
  void *data;
  gboolean
    once; /* a failed or throttled call is not sent again (but with renewed credentials it is): for callers that
                    limit the number of calls themselves */
} EvsContext;

/* Takes its own copy of the config. Sends nothing yet. */
EvsClient *evs_client_new(const EvsConfig *config, GError **error);
void evs_client_free(EvsClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsClient, evs_client_free)

/* Switches to another configuration (rotated keys) for calls that start afterwards. */
void evs_client_reconfigure(EvsClient *client, const EvsConfig *config);

/* The project all calls go to; looked up by region name at first use if the config has none. Newly allocated. */
char *evs_client_project_id(EvsClient *client, const EvsContext *context, GError **error);

/* The configuration's region. Newly allocated. */
char *evs_client_region(EvsClient *client);

/* Last successful call and last failure for /readyz: FALSE with a reason while the last call failed for
 * authentication or connection reasons. */
gboolean evs_client_healthy(EvsClient *client, char **ret_reason);

#pragma GCC visibility pop
G_END_DECLS
