#include "bench/back_off.h"

#define CODE(code) (1u << EVS_CODE_##code)

static const guint still_running =
  CODE(CANCELLED) | CODE(DEADLINE_EXCEEDED) | CODE(UNAVAILABLE) | CODE(ABORTED);

/* Codes that are not final. The provisioner takes RESOURCE_EXHAUSTED for final (or reschedules), the others do not. */
static const guint not_final[SIDECAR_COUNT] = {
  [SIDECAR_PROVISIONER] = still_running,
  [SIDECAR_ATTACHER] = still_running | CODE(RESOURCE_EXHAUSTED),
  [SIDECAR_SNAPSHOTTER] = still_running | CODE(RESOURCE_EXHAUSTED),
  [SIDECAR_RESIZER] = still_running | CODE(RESOURCE_EXHAUSTED),
};

gboolean sidecar_code_is_final(Sidecar sidecar, EvsCode code)
{
  return (not_final[sidecar] & (1u << code)) == 0;
}

gint64 back_off_us(const BackOff *back_off, guint failures, GRand *random)
{
  gint64 ms = MIN(back_off->start_ms, back_off->max_ms);
  for (guint i = 1; i < failures && ms < back_off->max_ms; i++)
    ms = MIN(ms * 2, back_off->max_ms);
  double factor = back_off->jitter ? g_rand_double_range(random, 0.5, 1.5) : 1.0;
  return (gint64)((double)ms * 1000.0 * factor);
}
