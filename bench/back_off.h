/* What Kubernetes' sidecars make of an answer, and when they come again. */
#pragma once

#include "base/error.h"

typedef enum {
  SIDECAR_PROVISIONER, /* CreateVolume, DeleteVolume */
  SIDECAR_ATTACHER,    /* ControllerPublishVolume, ControllerUnpublishVolume */
  SIDECAR_SNAPSHOTTER, /* CreateSnapshot, DeleteSnapshot */
  SIDECAR_RESIZER,     /* ControllerExpandVolume */
  SIDECAR_COUNT,
} Sidecar;

/* TRUE: the sidecar takes this failure as the end of the attempt: what it asked for was not done and nothing runs on
 * (external-provisioner forgets the volume when its claim is deleted now). FALSE: the work may be going on. Either way
 * it comes again. */
gboolean sidecar_code_is_final(Sidecar sidecar, EvsCode code);

typedef struct {
  gint64 start_ms,
    max_ms;        /* per-object exponential: start, doubled with each failure in a row, at most max */
  gboolean jitter; /* times a uniform 0.5 .. 1.5 */
} BackOff;

/* How long after the `failures`-th failure in a row (from 1) it comes again. random: used for jitter only. */
gint64 back_off_us(const BackOff *back_off, guint failures, GRand *random);
