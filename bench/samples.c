#include "bench/samples.h"

#include <math.h>

struct Samples {
  GArray *values; /* of gint64 */
  gboolean sorted;
};

Samples *samples_new(void)
{
  Samples *samples = g_new0(Samples, 1);
  samples->values = g_array_new(FALSE, FALSE, sizeof(gint64));
  return samples;
}

void samples_free(Samples *samples)
{
  if (!samples)
    return;
  g_array_unref(samples->values);
  g_free(samples);
}

void samples_add(Samples *samples, gint64 value)
{
  g_array_append_val(samples->values, value);
  samples->sorted = FALSE;
}

guint samples_count(const Samples *samples)
{
  return samples->values->len;
}

static int by_value(gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return (x > y) - (x < y);
}

gint64 samples_percentile(Samples *samples, double percent)
{
  guint count = samples->values->len;
  if (count == 0)
    return 0;
  if (!samples->sorted)
    g_array_sort(samples->values, by_value);
  samples->sorted = TRUE;
  double rank = ceil(percent / 100.0 * count);
  return g_array_index(samples->values, gint64, (guint)CLAMP(rank, 1, count) - 1);
}

json_t *samples_render(Samples *samples, const char *unit, double divisor)
{
  static const struct {
    const char *name;
    double percent;
  } shown[] = {{"p50", 50}, {"p99", 99}, {"max", 100}};
  json_t *object = json_pack("{s:I}", "count", (json_int_t)samples_count(samples));
  for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
    g_autofree char *key = g_strdup_printf("%s_%s", shown[i].name, unit);
    json_object_set_new(object, key,
                        json_real((double)samples_percentile(samples, shown[i].percent) / divisor));
  }
  return object;
}
