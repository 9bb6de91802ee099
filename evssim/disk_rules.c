#include "evssim/disk_rules.h"

#include "base/text.h"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

Disk *disk_of_request(Request *request)
{
  const char *id = request_path(request, "volume_id");
  if (!text_is_uuid(id)) {
    reply_error(request, 400, "EVS.1002", "invalid volume id!");
    return NULL;
  }
  Disk *disk = sim_disk(request->sim, id);
  if (disk && disk->project == request->project && disk_is_visible(request->sim, disk))
    return disk;
  reply_error(request, 404, "EVS.5404", "Volume %s could not be found.", id);
  return NULL;
}

gboolean disk_rule_names(Request *request, const char *name, glong name_max, const char *description)
{
  if (name && g_utf8_strlen(name, -1) > name_max)
    return refuse(request, "EVS.1003", "invalid volume name!");
  return !description || g_utf8_strlen(description, -1) <= DISK_DESCRIPTION_MAX_CHARS ||
         refuse(request, "EVS.1004", "invalid volume description!");
}

gboolean disk_rule_type(Request *request, const Zone *zone, const char *type)
{
  if (strspn(type, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-") != strlen(type))
    return refuse(request, "EVS.1020", "invalid volume type!");
  if (!g_strv_contains(disk_types, type))
    return refuse(request, "EVS.2070", "VolumeTypes are not supported !");
  if (g_strv_contains((const char *const *)zone->sold_out, type)) {
    reply_error(request, 400, "EVS.2072", "Volume type [%s] in availability zone [%s] is sold out !", type,
                zone->name);
    return FALSE;
  }
  if (g_strv_contains((const char *const *)zone->types, type))
    return TRUE;
  reply_error(request, 400, "EVS.2071",
              "Invalid input received: Availability zone [%s] do not have volume type [%s]", zone->name,
              type);
  return FALSE;
}

/* ---- rates ---- */

typedef struct {
  gint64 iops, throughput;
  gboolean has_iops, has_throughput;
} Rates;

static gboolean check_range(Request *request, const char *what, gint64 value, gint64 least, gint64 most)
{
  if (value >= least && value <= most)
    return TRUE;
  reply_error(request, 400, "EVS.2231",
              "invalid %s value, %s must between [%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT "]", what, what,
              least, most);
  return FALSE;
}

static gboolean check_gpssd2(Request *request, gint64 size_gib, const Rates *rates)
{
  if (!rates->has_iops || !rates->has_throughput)
    return refuse(request, "EVS.2233", "GPSSD2 type must input iops and throughput.");
  return check_range(request, "iops", rates->iops, 3000, MIN(128000, 500 * size_gib)) &&
         check_range(request, "throughput", rates->throughput, 125, MIN(1000, rates->iops / 4));
}

static gboolean check_essd2(Request *request, gint64 size_gib, const Rates *rates)
{
  if (!rates->has_iops || rates->has_throughput)
    return refuse(request, "EVS.2232", "ESSD2 type must input iops and not input throughput.");
  return check_range(request, "iops", rates->iops, 100, MIN(256000, 1000 * size_gib));
}

gboolean disk_rule_rates(Request *request, const char *type, gint64 size_gib, const json_t *iops,
                         const json_t *throughput, gint64 *ret_iops, gint64 *ret_throughput)
{
  const Rates rates = {.iops = json_integer_value(iops),
                       .throughput = json_integer_value(throughput),
                       .has_iops = iops && !json_is_null(iops),
                       .has_throughput = throughput && !json_is_null(throughput)};
  *ret_iops = rates.iops;
  *ret_throughput = rates.throughput;
  if ((rates.has_iops && !json_is_integer(iops)) || (rates.has_throughput && !json_is_integer(throughput)))
    return refuse(request, "EVS.1018",
                  "Type conversion error , parameter type is unexpected: iops or throughput");
  if (g_str_equal(type, "GPSSD2"))
    return check_gpssd2(request, size_gib, &rates);
  if (g_str_equal(type, "ESSD2"))
    return check_essd2(request, size_gib, &rates);
  return (!rates.has_iops && !rates.has_throughput) ||
         refuse(request, "EVS.2235", "only ESSD2 and GPSSD2 can set iops or throughput");
}

/* ---- quotas ---- */

gboolean disk_rule_quota(Request *request, const char *type, gint64 more_disks, gint64 more_gib)
{
  gint64 count, gib;
  disk_usage(request->sim, request->project, type, &count, &gib);
  g_autofree char *count_kind = type ? g_strconcat("volumes_", type, NULL) : g_strdup("volumes");
  g_autofree char *gib_kind = type ? g_strconcat("gigabytes_", type, NULL) : g_strdup("gigabytes");
  gint64 count_limit = project_quota(request->project, count_kind);
  gint64 gib_limit = project_quota(request->project, gib_kind);
  if (more_disks > 0 && count_limit >= 0 && count + more_disks > count_limit)
    return refuse(request, "EVS.1034", "volume count exceeded volume count quota!");
  if (gib_limit >= 0 && gib + more_gib > gib_limit)
    return refuse(request, "EVS.1042", "volume gigabytes exceeded volume gigabytes quota!");
  return TRUE;
}

gboolean disk_rule_largest(Request *request, gint64 size_gib)
{
  gint64 largest = project_quota(request->project, "per_volume_gigabytes");
  return largest < 0 || size_gib <= largest ||
         refuse(request, "EVS.1042", "volume gigabytes exceeded volume gigabytes quota!");
}

gboolean disk_rule_evs(Request *request, const Disk *disk)
{
  return g_str_equal(disk->service_type, "EVS") ||
         refuse(request, "EVS.2093", "operation failed because the volume is not EVS");
}

/* ---- locks ---- */

gboolean disk_rule_thawed(Request *request, const Disk *disk)
{
  if (!g_str_equal(disk->lock, DISK_LOCK_FROZEN))
    return TRUE;
  reply_error(request, 403, "EVS.2144", "Your account is frozen and resources cannot be used.");
  return FALSE;
}

gboolean disk_rule_unlocked(Request *request, const Disk *disk, gboolean changes)
{
  if (!disk_rule_thawed(request, disk))
    return FALSE;
  if (disk->marks & DISK_MARK_TEMPORARY)
    return refuse(request, "EVS.1012", "temporary volume!");
  if (changes && disk->marks & DISK_MARK_REPLICATED)
    return refuse(request, "EVS.2089", "operation failed because the volume is belong to SDRS");
  if (!*disk->lock || (!changes && !g_str_equal(disk->lock, DISK_LOCK_RETYPE)))
    return TRUE;
  reply_error(request, 400, "EVS.2068", "operation failed because of volume be locked: %s", disk->lock);
  return FALSE;
}
