/* Two accounts of one simulated cloud, alpha that hands disks over and beta that takes them, each with a configuration
 * of its own that holds none of the other's keys. */
#pragma once

#include "evsclient/watcher.h"
#include "tests/harness/sim.h"
#include "transfer/handover.h"

#define ALPHA_PROJECT "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define BETA_PROJECT "1f1e2d3c4b5a69788796a5b4c3d2e1f0"

typedef struct {
  Harness *harness;
  Sim *sim;
  char *alpha_config, *beta_config; /* files of cloud-config */
  EvsClient *alpha, *beta;
  EvsWatcher *watcher; /* alpha's */
  EvsContext context;
} Accounts;

/* profile as in SimOptions. Servers of both: alpha has server 0, beta server 1. */
Accounts *accounts_open(Harness *harness, const char *profile);
/* beta_users: JSON array of users that beta has instead of its own, who then is not usable. */
Accounts *accounts_open_with(Harness *harness, const char *profile, const char *beta_users);
/* A cloud-config with the key pair AK<access_key>, <secret_key>. Its path, newly allocated. */
char *accounts_write_config(Accounts *accounts, const char *name, const char *access_key,
                            const char *secret_key, const char *project);
/* The simulator's restart. */
void accounts_close(Accounts *accounts);

/* A disk of alpha's, 10 GiB SSD in sim-1a, with these metadata (may be NULL; taken over). Newly allocated id. */
char *accounts_make_disk(Accounts *accounts, GHashTable *metadata);
/* Metadata as the driver of this cluster marks a disk for a volume of this name. */
GHashTable *accounts_marks(const char *cluster, const char *volume_name);

/* Uses up beta's quota of disks. */
void accounts_fill_beta(Accounts *accounts);

/* Alpha offers the disk for an hour. */
Handover *accounts_offer(Accounts *accounts, const char *volume_id);
/* The handover with another auth key. */
Handover *accounts_with_key(const Handover *handover, const char *key);

/* Fails the test unless the disk is in this account with this status; returns its metadata value ("" if absent). */
char *accounts_expect_disk(const Accounts *accounts, const char *volume_id, const char *account,
                           const char *status, const char *metadata_key);
