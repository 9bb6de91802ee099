/* The cloud's error answers, of four shapes, as one error:
 *   {"error":{"code","message"}}                 EVS, ECS
 *   {"error_code","error_msg","request_id"}      gateway
 *   {"itemNotFound":{"code":404,"message"}}      native Nova and Cinder; the name counts as code
 *   {"code","message"}                           job queries
 * Anything else (HTML of a proxy, nothing at all) is judged by the HTTP status.
 */
#pragma once

#include "base/error.h"

/* Members are never NULL after parsing; newly allocated. Texts are cut to 512 bytes of printable UTF-8. */
typedef struct {
  char *code, *message, *request_id;
} EvsErrorBody;

/* TRUE if the body is one of the shapes (so also for an answer with status 2xx that is an error in truth). */
gboolean evs_error_body_parse(const char *body, gsize length, EvsErrorBody *ret_body);
void evs_error_body_clear(EvsErrorBody *body);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EvsErrorBody, evs_error_body_clear)

/* Sets *error (not NULL) from an answer. what: "create disk". request_id: the header's, or NULL. ret_traits: EVS_TRAIT_*.
 * The outcome is REFUSED, or UNKNOWN with EVS_TRAIT_UNSURE. */
void evs_error_set_answer(GError **error, const char *what, int status, const char *body, gsize length,
                          const char *request_id, guint *ret_traits);

/* Sets *error from a failed job, with EVS_OUTCOME_FAILED; evs_error_is_job_failure() of watcher.h is TRUE for it. */
void evs_error_set_job(GError **error, const char *what, const char *job_id, const char *code,
                       const char *reason);
