/* evs-sim from its options to a served port, and back. */
#pragma once

#include "evssim/sim.h"

typedef struct {
  const char *state_dir, *listen;
  const char *tls_cert, *tls_key; /* both or neither NULL */
  const char *profile;            /* "fast", "realistic" or a file */
  const char *accounts;           /* file; NULL: DIR/accounts.json, made when it is not there */
  gint64 seed;
} ServiceOptions;

typedef struct Service Service;

/* Reads the accounts, the profile and the journal, gives attached disks their devices back, binds the port, writes
 * DIR/endpoint and DIR/cloud-config, takes up the jobs. Errors name what is wrong. */
Service *service_new(const ServiceOptions *options, GError **error);
/* Serves until SIGTERM or SIGINT. */
void service_run(Service *service);
const char *service_url(const Service *service);
/* The state stays on disk. NULL is fine. */
void service_free(Service *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Service, service_free)

/* --purge: removes everything evs-sim made in the directory, loop devices included, and the directory itself if it is
 * empty then. FAILED_PRECONDITION while an evs-sim serves it; a directory that is not there is fine. */
gboolean service_purge(const char *state_dir, GError **error);
