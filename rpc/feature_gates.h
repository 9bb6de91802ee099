/* Alpha parts of CSI v1.13 that are switched on by hand: --feature-gates=VolumeHealth=true,SnapshotTopology=true. All
 * are off by default, because released sidecars and csi-sanity refuse capabilities that they do not know. Both
 * daemons take the same list, so that one Helm value serves both; a gate that means nothing to one of them has no
 * effect there. */
#pragma once

#include <glib.h>

typedef struct {
  gboolean volume_health;     /* VolumeHealth: the volume and storage health RPCs of both services */
  gboolean snapshot_topology; /* SnapshotTopology: SNAPSHOT_ACCESSIBILITY_CONSTRAINTS, zones in snapshots */
} FeatureGates;

/* Is this gate open? For tables. */
typedef gboolean (*FeatureGate)(const FeatureGates *set);
gboolean feature_gate_volume_health(const FeatureGates *set);
gboolean feature_gate_snapshot_topology(const FeatureGates *set);

/* For GOption. */
#define FEATURE_GATES_OPTION "feature-gates"
#define FEATURE_GATES_HELP "alpha features: VolumeHealth=true|false, SnapshotTopology=true|false"

/* "Name=true|false,..." into *ret_gates; NULL or "" leaves all off; blanks around a part are fine. INVALID_ARGUMENT
 * for an unknown gate or value, a gate given twice, an empty part: the text names what exists. *ret_gates is only
 * written on success. */
gboolean feature_gates_parse(const char *text, FeatureGates *ret_gates, GError **error);
