#include "evsclient/performance.h"

/* 0: the member must be left out. */
static const struct {
  const char *type;
  gint64 iops_least, iops_most, iops_per_gib;
  gint64 throughput_least, throughput_most, iops_per_throughput;
} performances[] = {
  {"GPSSD2", 3000, 128000, 500, 125, 1000, 4},
  {"ESSD2", 100, 256000, 1000, 0, 0, 1},
  {"SATA", 0, 0, 0, 0, 0, 1},
  {"SAS", 0, 0, 0, 0, 0, 1},
  {"GPSSD", 0, 0, 0, 0, 0, 1},
  {"SSD", 0, 0, 0, 0, 0, 1},
  {"ESSD", 0, 0, 0, 0, 0, 1},
};

static gboolean check_one(const char *name, gint64 value, gint64 least, gint64 most, const char *of,
                          GError **error)
{
  if (most == 0)
    return value == 0 || evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is not taken by %s", name, of);
  if (value >= least && value <= most)
    return TRUE;
  g_autofree char *problem = value ? g_strdup_printf("is %" G_GINT64_FORMAT, value) : g_strdup("is missing");
  if (most < least)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' %s: there is no right one for %s", name,
                         problem, of);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "'%s' %s: a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                       " is expected for %s",
                       name, problem, least, most, of);
}

gboolean evs_performance_check(const char *type, gint64 size_gib, gint64 iops, gint64 throughput,
                               GError **error)
{
  gsize i = 0;
  while (i < G_N_ELEMENTS(performances) && g_strcmp0(performances[i].type, type) != 0)
    i++;
  if (i == G_N_ELEMENTS(performances))
    return TRUE;
  gint64 iops_most = performances[i].iops_most, throughput_most = performances[i].throughput_most;
  g_autofree char *of = size_gib > 0
                          ? g_strdup_printf("disk type '%s' with %" G_GINT64_FORMAT " GiB", type, size_gib)
                          : g_strdup_printf("disk type '%s'", type);
  if (size_gib > 0 && iops_most > 0)
    iops_most = MIN(iops_most, performances[i].iops_per_gib * size_gib);
  if (!check_one("iops", iops, performances[i].iops_least, iops_most, of, error))
    return FALSE;
  if (throughput_most > 0)
    throughput_most = MIN(throughput_most, iops / performances[i].iops_per_throughput);
  return check_one("throughput", throughput, performances[i].throughput_least, throughput_most, of, error);
}
