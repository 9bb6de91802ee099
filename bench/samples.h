/* A growing list of measured values, and what is said of it. Not thread safe. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct Samples Samples;

Samples *samples_new(void);
void samples_free(Samples *samples);

void samples_add(Samples *samples, gint64 value);
guint samples_count(const Samples *samples);
/* The value that `percent` (0..100) of the values do not exceed (nearest rank); 0 for none. */
gint64 samples_percentile(Samples *samples, double percent);

/* {"count","p50_UNIT","p99_UNIT","max_UNIT"}, the values divided by `divisor` as real numbers. New reference. */
json_t *samples_render(Samples *samples, const char *unit, double divisor);
