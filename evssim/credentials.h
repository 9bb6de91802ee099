/* What the simulated IAM has given out: tokens (24 h) and temporary access keys (15 min - 24 h). Both are in the
 * journal (kind "credential"), so that they outlive a restart of the simulator; lifetimes run on the virtual clock.
 *
 * An expired credential is kept for a while, so that "expired" can be told from "never seen". At most
 * CREDENTIALS_MAX are kept: the oldest go first. */
#pragma once

#include "evssim/sim.h"

enum {
  CREDENTIALS_MAX = 50000,
  CREDENTIAL_TOKEN_SECONDS = 24 * 3600,
  CREDENTIAL_KEY_SECONDS_MIN = 900,
  CREDENTIAL_KEY_SECONDS_MAX = 24 * 3600,
};

typedef struct {
  char *id;             /* token text, or access key */
  char *secret;         /* of a temporary key; NULL for a token */
  char *security_token; /* of a temporary key; NULL for a token */
  Principal principal;
  gboolean of_agency; /* the principal is an agency, else a user */
  gint64 expires_us;  /* virtual */
} Credential;

typedef struct Credentials Credentials;

/* Registers the journal kind. */
Credentials *credentials_new(Sim *sim);
void credentials_free(Credentials *credentials);

/* principal->name must be that of a user or an agency of its account. Borrowed: valid until the next call that issues
 * one. */
const Credential *credentials_issue_token(Credentials *credentials, const Principal *principal,
                                          gboolean of_agency);
const Credential *credentials_issue_key(Credentials *credentials, const Principal *principal,
                                        gboolean of_agency, gint64 seconds);

/* Expired ones included; NULL if it was never issued. Borrowed as above. */
const Credential *credentials_find(const Credentials *credentials, const char *id);
gboolean credential_is_expired(const Sim *sim, const Credential *credential);

/* A principal for the user or agency of this name; FALSE if the account has none. */
gboolean principal_of_user(Account *account, const char *name, Project *project, Principal *ret_principal);
gboolean principal_of_agency(Account *account, const char *name, Project *project, Principal *ret_principal);

/* "2017-04-17T07:55:18.575000Z": the cloud's wall clock at this virtual instant. Newly allocated. */
char *credential_time_text(const Sim *sim, gint64 virtual_us);
