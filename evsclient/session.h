/* Inside of the client: what a call borrows for its time. A session is one configuration with its credentials;
 * evs_client_reconfigure() replaces it while running calls keep theirs. */
#pragma once

#include "base/thread.h"
#include "evsclient/credentials.h"
#include "evsclient/gate.h"
#include "evsclient/job.h"

#include <jansson.h>

typedef struct {
  int references; /* client lock */
  EvsConfig *config;
  EvsCredentials *credentials;
  char *project_id; /* client lock; NULL: not looked up yet */
} EvsSession;

typedef enum { EVS_CACHE_ZONES, EVS_CACHE_TYPES, EVS_CACHE_SLOTS } EvsCacheSlot;

struct EvsClient {
  EvsHttp *http;
  EvsGates *gates;
  gint64 skew_us; /* atomic: the cloud's clock minus ours */
  Mutex lock;     /* guards what follows */
  EvsSession *session;
  struct {
    json_t *answer;
    gint64 until_us;
    gboolean reading; /* somebody asks the cloud for it */
  } cache[EVS_CACHE_SLOTS];
  Cond cached;   /* a cache was filled, or could not be */
  char *trouble; /* the last call's failure of authentication or connection; NULL: none */
};

EvsSession *evs_session_borrow(EvsClient *client);
void evs_session_return(EvsClient *client, EvsSession *session);

const char *evs_session_endpoint(const EvsSession *session, EvsService service);
/* From the configuration, the token or a look-up by name. Newly allocated. */
char *evs_session_project(EvsClient *client, EvsSession *session, const EvsContext *context, GError **error);

/* What the Date header of an answer says about the clocks. TRUE if ours was thought right or wrong by more than 30 s
 * less a moment ago: then a refused signature is worth another try. */
gboolean evs_client_learn_skew(EvsClient *client, gint64 date_us, gint64 sent_wall_us);
/* Answers kept for 5 minutes; reconfiguring forgets them. Each reader gets a list of its own, read under the lock: one
 * that threads shared would be freed by whoever is last. NULL: nothing is kept, and the caller asks the cloud and then
 * puts. While somebody does so the others wait for it, at most 5 s and as long as the context lives: a burst of creates
 * asks once. put takes the answer; NULL: there was none. */
GPtrArray *evs_client_cache_read(EvsClient *client, const EvsContext *context, EvsCacheSlot slot,
                                 GPtrArray *(*read)(const json_t *answer));
void evs_client_cache_put(EvsClient *client, EvsCacheSlot slot, json_t *answer);
/* trouble: NULL for a call that worked. */
void evs_client_note_health(EvsClient *client, const char *trouble);
