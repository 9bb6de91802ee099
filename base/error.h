/* The one error of the project: a GError of domain EVS_ERROR whose code is a gRPC status code and which carries,
 * where the cloud was the cause, the cloud's code, HTTP status and request id, and what the user can do.
 *
 * Rules
 * - `GError **error` is the last parameter; a function that succeeds leaves it untouched.
 * - An error is made where its cause is known; going up it gains context by g_prefix_error(), its code stays.
 * - Library code does not log errors; the RPC boundary (rpc/) and main() log each once.
 * - The text is for the user: lower case, no full stop, names the field and what is accepted; never a secret.
 * - Thread safety: as GError, an error belongs to one thread at a time.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS
#pragma GCC visibility push(default)

#define EVS_ERROR (evs_error_quark())

/* gRPC status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), same numbers. */
typedef enum {
  EVS_CODE_OK = 0,
  EVS_CODE_CANCELLED = 1,
  EVS_CODE_UNKNOWN = 2,
  EVS_CODE_INVALID_ARGUMENT = 3,
  EVS_CODE_DEADLINE_EXCEEDED = 4,
  EVS_CODE_NOT_FOUND = 5,
  EVS_CODE_ALREADY_EXISTS = 6,
  EVS_CODE_PERMISSION_DENIED = 7,
  EVS_CODE_RESOURCE_EXHAUSTED = 8,
  EVS_CODE_FAILED_PRECONDITION = 9,
  EVS_CODE_ABORTED = 10,
  EVS_CODE_OUT_OF_RANGE = 11,
  EVS_CODE_UNIMPLEMENTED = 12,
  EVS_CODE_INTERNAL = 13,
  EVS_CODE_UNAVAILABLE = 14,
  EVS_CODE_DATA_LOSS = 15,
  EVS_CODE_UNAUTHENTICATED = 16,
} EvsCode;

/* What became of the request that failed. Decides whether it may be sent again. */
typedef enum {
  EVS_OUTCOME_UNSENT,  /* it never left this process, or no connection was made: nothing happened */
  EVS_OUTCOME_REFUSED, /* the cloud answered and took nothing */
  EVS_OUTCOME_UNKNOWN, /* it was sent and no answer came: it may have been taken */
  EVS_OUTCOME_FAILED,  /* it was taken, and its job ended with FAIL: nothing came of it */
} EvsOutcome;

GQuark evs_error_quark(void);

/* Sets *error (which may be NULL) and returns FALSE, so that `return evs_error_set(error, ...)` reads well. */
gboolean evs_error_set(GError **error, EvsCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* As evs_error_set, with ": <strerror(errno_value)>" behind the text. */
gboolean evs_error_set_errno(GError **error, EvsCode code, int errno_value, const char *format, ...)
  G_GNUC_PRINTF(4, 5);

/* Adds to an error of domain EVS_ERROR. Strings are copied; NULL and 0 leave the old value. */
void evs_error_set_cloud(GError *error, const char *cloud_code, int http_status, const char *request_id);
void evs_error_set_remedy(GError *error, const char *remedy);
void evs_error_set_outcome(GError *error, EvsOutcome outcome);

/* Readers: work on any GError; foreign domains read as EVS_CODE_INTERNAL, "" / 0 and EVS_OUTCOME_UNSENT.
 * Returned strings belong to the error and are never NULL. */
EvsCode evs_error_code(const GError *error);
const char *evs_error_cloud_code(const GError *error);
const char *evs_error_request_id(const GError *error);
const char *evs_error_remedy(const GError *error);
int evs_error_http_status(const GError *error);
EvsOutcome evs_error_outcome(const GError *error);

/* TRUE if error is not NULL and carries this gRPC code / this cloud code (exact, e.g. "EVS.5404"). */
gboolean evs_error_is(const GError *error, EvsCode code);
gboolean evs_error_is_cloud(const GError *error, const char *cloud_code);

/* The whole error in one line for a gRPC status message or a terminal:
 * "text (EVS.1042, request 5f0c...): remedy". Newly allocated. */
char *evs_error_describe(const GError *error);

/* "FAILED_PRECONDITION" for EVS_CODE_FAILED_PRECONDITION; "UNKNOWN" for a number that is no code. Static. */
const char *evs_code_name(EvsCode code);

#pragma GCC visibility pop
G_END_DECLS
