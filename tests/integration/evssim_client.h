/* A client of evs-sim's cloud interfaces for its own tests: libcurl, a token, one kept-alive connection. */
#pragma once

#include "tests/harness/sim.h"

#include <curl/curl.h>

#define GOOD_DISK                                                                                            \
  "{\"volume\":{\"availability_zone\":\"sim-1a\",\"volume_type\":\"SSD\",\"size\":10,"                       \
  "\"metadata\":{\"create_for_volume_id\":\"true\"}}}"

typedef struct {
  const char *url;
  CURL *curl;
  char *token, *project;
  const char *client_token; /* sent as X-Client-Token; NULL: none */
  struct curl_slist *resolve;
  const char *ca_file;
  /* A connection for each call: libcurl sends a request again when a reused one dies unanswered. */
  gboolean fresh;
} Client;

typedef struct {
  CURLcode result;
  int status;
  GString *body;
  char *date, *request_id, *type, *subject_token;
  json_t *json; /* NULL if the body is none */
} Reply;

void reply_clear(Reply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reply, reply_clear)

/* Belongs to the harness. url is borrowed. */
Client *client_new(Harness *harness, const char *url);
/* Gets a token of the first user of state_dir/accounts.json, for the first project. */
void client_log_in(Client *client, const char *state_dir);
/* The same for a user who is not in that file. */
void client_log_in_as(Client *client, const char *account, const char *user, const char *password,
                      const char *project_id);
/* Starts a simulator (profile may be NULL) and logs in. */
Client *client_start(Harness *harness, const char *profile, Sim **ret_sim);

/* path: "/evs/...", or a whole URL; "{p}" becomes the project's id. body may be NULL. */
Reply client_call(Client *client, const char *method, const char *path, const char *body);
void reply_expect(const Reply *reply, int status);
/* A string member of the answer. */
const char *reply_text(const Reply *reply, const char *key);

/* Makes a disk and waits until it is available; its id, newly allocated. */
char *client_make_disk(Client *client, Sim *sim);
/* Attaches it to the first server and waits; the server's id, newly allocated. */
char *client_attach_disk(Client *client, Sim *sim, const char *id);
