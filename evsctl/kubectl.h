/* Asks kubectl, which knows the cluster and has the rights. Started by posix_spawn with a fixed argument vector, never
 * through a shell; its messages go to our stderr. */
#pragma once

#include "evsclient/client.h"

enum { KUBECTL_MAX_OUTPUT = 256 << 20 };

/* Runs `kubectl arguments...` (NULL-terminated, without "kubectl") and gives what it wrote to stdout, newly allocated.
 * Ends with the context. Errors: FAILED_PRECONDITION when there is no kubectl or it fails; OUT_OF_RANGE above
 * KUBECTL_MAX_OUTPUT; ABORTED when the context ends: it is killed then. */
gboolean kubectl_run(const char *const *arguments, const EvsContext *context, char **ret_output,
                     GError **error);
