/* The node plugin's own options; those of every daemon are in rpc/daemon.h. */
#pragma once

#include "rpc/daemon.h"
#include "rpc/feature_gates.h"

#define NODE_TOPOLOGY_KEY "topology.evs.csi.huaweicloud.com/zone"

enum { NODE_MAX_ID = 256 };

typedef struct {
  DaemonOptions daemon;
  char *node_id;         /* --node-id; NULL: asked of the metadata service */
  char *zone;            /* --zone; NULL: likewise */
  char *metadata_url;    /* --metadata-url */
  char *dev_dir;         /* --dev-dir */
  char *sys_dir;         /* --sys-dir */
  char *kubelet_dir;     /* --kubelet-dir */
  char *default_fs_type; /* --default-fs-type: made on a new disk when no fs_type is asked for */
  int attach_limit;      /* --volume-attach-limit; 0: what EVS allows for the server's bus */
  int reserved;          /* --reserved-volume-attachments: disks of others, taken off what EVS allows */
  char *node_name;       /* --node-name: of the Kubernetes node */
  char *account_dir;     /* --service-account-dir; NULL: where the kubelet puts it */
  gboolean remove_startup_taint; /* --remove-startup-taint: needs node_name */
  int device_wait_s;  /* --device-timeout: how long a disk may take to appear, or to be seen grown */
  FeatureGates gates; /* --feature-gates */
} NodeOptions;

void node_options_clear(NodeOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NodeOptions, node_options_clear)

/* Parses the command line. INVALID_ARGUMENT naming the option and what is accepted. */
gboolean node_options_parse(int *argc, char ***argv, NodeOptions *ret_options, GError **error);

/* Checks what parsing cannot: ranges and shapes. */
gboolean node_options_check(const NodeOptions *options, GError **error);
