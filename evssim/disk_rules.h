/* Rules that several operations on disks share. Each answers the violated rule and returns FALSE. */
#pragma once

#include "evssim/disks.h"

enum {
  DISK_SIZE_MAX_GIB = 32768,
  DISK_SYSTEM_SIZE_MAX_GIB = 1024,
  DISK_NAME_MAX_CHARS = 64,
  DISK_DESCRIPTION_MAX_CHARS = 85,
};

/* The visible disk of {volume_id} in the request's project, or NULL after EVS.1002 or EVS.5404. */
Disk *disk_of_request(Request *request);

/* Neither is too long; NULL is fine (EVS.1003, EVS.1004). */
gboolean disk_rule_names(Request *request, const char *name, glong name_max, const char *description);

/* The zone has the type and it is not sold out (EVS.2071, EVS.2072); an unknown one is EVS.2070, a
 * text that cannot be one EVS.1020. */
gboolean disk_rule_type(Request *request, const Zone *zone, const char *type);

/* iops and throughput that this type of this size may have (cloud-facts F1; EVS.2231-2233, 2235). Absent and null
 * values are 0. */
gboolean disk_rule_rates(Request *request, const char *type, gint64 size_gib, const json_t *iops,
                         const json_t *throughput, gint64 *ret_iops, gint64 *ret_throughput);

/* So many more disks and GiB fit into the project's quota, as a whole (type NULL) or of this type: EVS.1034, 1042. */
gboolean disk_rule_quota(Request *request, const char *type, gint64 more_disks, gint64 more_gib);
/* A disk of this size is within per_volume_gigabytes: EVS.1042. */
gboolean disk_rule_largest(Request *request, gint64 size_gib);

/* It is none of DSS or DESS: EVS.2093. */
gboolean disk_rule_evs(Request *request, const Disk *disk);

/* No change that forbids others runs on the disk: EVS.2068. A type change forbids everything, another change (of QoS)
 * all but attaching, detaching and snapshots; with `changes` FALSE the caller is one of these. A frozen disk
 * forbids everything: EVS.2144, so does a temporary one: EVS.1012; a replicated one forbids changes: EVS.2089. */
gboolean disk_rule_unlocked(Request *request, const Disk *disk, gboolean changes);
/* Only the last of these. */
gboolean disk_rule_thawed(Request *request, const Disk *disk);
