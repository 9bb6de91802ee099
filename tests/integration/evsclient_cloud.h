/* evsclient connected to evs-sim: what its integration tests share. */
#pragma once

#include "evsclient/watcher.h"
#include "tests/harness/sim.h"

typedef struct {
  EvsClient *client;
  EvsWatcher *watcher;
  EvsContext context;
  EvsDiskCreate request; /* a data disk of 10 GiB */
} Cloud;

/* The simulator's ready cloud-config. */
EvsConfig *cloud_load_config(const Sim *sim);
Cloud cloud_open(const EvsConfig *config);
void cloud_close(Cloud *cloud);

/* Fails with the error's whole text. */
void cloud_assert_ok(gboolean ok, GError *error);
/* Makes the request's disk and waits for it. Newly allocated id. */
char *cloud_create_disk(Cloud *cloud, const char *token);
