/* The command line of evs-csi-controller (design.md section 6). Shared options (--endpoint, --http-endpoint,
 * --driver-name, --log-format, --log-level, --version) are those of rpc/daemon.h. */
#pragma once

#include "rpc/daemon.h"
#include "rpc/feature_gates.h"

enum { CLUSTER_ID_MAX = 40, DRIVER_NAME_MAX = 63 };

typedef struct {
  DaemonOptions daemon;
  char *cloud_config;               /* --cloud-config=FILE, required */
  char *cluster_id;                 /* --cluster-id=ID, required: 1-40 of [A-Za-z0-9._-] */
  gboolean list_owned_only;         /* --list-owned-only */
  gboolean warn_unknown_parameters; /* --unknown-parameters=refuse|warn */
  gboolean enable_retype;           /* --enable-retype */
  FeatureGates gates;               /* --feature-gates */
  int stuck_after_ms;               /* --stuck-after-ms, for tests, not in --help; default LANE_STUCK_MS */
} Options;

/* INVALID_ARGUMENT naming the option and what is accepted. Prints and exits for --help and --version. */
gboolean options_parse(int *argc, char ***argv, Options *ret_options, GError **error);

void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)
