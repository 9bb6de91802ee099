/* Field tables and rules of creating disks: 6.1.1, 6.1.7, 7.1.1; evs-facts 4.1, 7, 8, cloud-facts F1. */
#include "evsclient/disk.h"
#include "evsclient/performance.h"
#include "evsclient/records.h"

static const char *const charging_modes[] = {"postPaid", "prePaid", NULL};
static const char *const period_types[] = {"month", "year", NULL};

enum { DATA_LEAST_GIB = 10, MAX_GIB = 32768, MAX_MONTHS = 9 };

/* No choices of type: sister clouds have others. */
#define BASE_FIELDS                                                                                          \
  EVS_FIELD(EvsDiskCreate, name, TEXT, "volume/name", .most = 64, .help = "name"),                           \
    EVS_FIELD(EvsDiskCreate, description, TEXT, "volume/description", .most = 85, .help = "description"),    \
    EVS_FIELD(EvsDiskCreate, availability_zone, TEXT, "volume/availability_zone",                            \
              .flags = EVS_FIELD_REQUIRED, .most = 64, .help = "availability zone", .flag = "zone"),         \
    EVS_FIELD(EvsDiskCreate, volume_type, TEXT, "volume/volume_type",                                        \
              .flags = EVS_FIELD_REQUIRED | EVS_FIELD_NAME_CHARS, .most = 64,                                \
              .help = "SAS, GPSSD, SSD, ESSD, GPSSD2, ESSD2 ...", .flag = "type"),                           \
    EVS_FIELD(EvsDiskCreate, size_gib, INT, "volume/size", .least = 1, .most = MAX_GIB,                      \
              .help = "GiB; 10 at least without an image"),                                                  \
    EVS_FIELD(EvsDiskCreate, snapshot_id, TEXT, "volume/snapshot_id", .flags = EVS_FIELD_UUID,               \
              .help = "filled from this snapshot", .flag = "snapshot"),                                      \
    EVS_FIELD(EvsDiskCreate, image_id, TEXT, "volume/imageRef", .flags = EVS_FIELD_UUID,                     \
              .help = "filled from this image", .flag = "image"),                                            \
    EVS_FIELD(EvsDiskCreate, multiattach, BOOL, "volume/multiattach",                                        \
              .help = "several servers may use it at once"),                                                 \
    EVS_FIELD(EvsDiskCreate, metadata, MAP, "volume/metadata", .most = 255, .help = "metadata"),             \
    EVS_FIELD(EvsDiskCreate, dedicated_storage_id, TEXT, "OS-SCH-HNT:scheduler_hints/dedicated_storage_id",  \
              .least = 1, .most = 64, .help = "on this dedicated storage")
#define PERFORMANCE_FIELDS                                                                                   \
  EVS_FIELD(EvsDiskCreate, iops, INT, "volume/iops", .least = 100, .most = 256000,                           \
            .help = "IOPS of a GPSSD2 or ESSD2 disk"),                                                       \
    EVS_FIELD(EvsDiskCreate, throughput, INT, "volume/throughput", .least = 125, .most = 1000,               \
              .help = "MiB/s of a GPSSD2 disk")
#define CUSTOM_FIELDS                                                                                        \
  EVS_FIELD(EvsDiskCreate, count, INT, "volume/count", .least = 1, .most = 100, .help = "so many disks"),    \
    EVS_FIELD(EvsDiskCreate, backup_id, TEXT, "volume/backup_id", .flags = EVS_FIELD_UUID,                   \
              .help = "filled from this backup", .flag = "backup"),                                          \
    EVS_FIELD(EvsDiskCreate, enterprise_project_id, TEXT, "volume/enterprise_project_id", .least = 1,        \
              .most = 36, .help = "enterprise project"),                                                     \
    EVS_FIELD(EvsDiskCreate, tags, MAP, "volume/tags", .most = 43, .key_most = 36, .most_items = 10,         \
              .help = "tags")
#define PAYMENT_FIELDS                                                                                       \
  EVS_FIELD(EvsDiskCreate, server_id, TEXT, "server_id", .flags = EVS_FIELD_UUID,                            \
            .help = "attach it to this server once it is made", .flag = "server"),                           \
    EVS_FIELD(EvsDiskCreate, charging_mode, TEXT, "bssParam/chargingMode", .choices = charging_modes,        \
              .help = "paid by use, or ahead"),                                                              \
    EVS_FIELD(EvsDiskCreate, auto_pay, BOOL, "bssParam/isAutoPay", .flags = EVS_FIELD_AS_TEXT,               \
              .help = "pay the order at once", .flag = "auto-pay"),                                          \
    EVS_FIELD(EvsDiskCreate, auto_renew, BOOL, "bssParam/isAutoRenew", .flags = EVS_FIELD_AS_TEXT,           \
              .help = "order again when the period ends", .flag = "auto-renew"),                             \
    EVS_FIELD(EvsDiskCreate, period_type, TEXT, "bssParam/periodType", .choices = period_types,              \
              .help = "unit of the period"),                                                                 \
    EVS_FIELD(EvsDiskCreate, period_count, INT, "bssParam/periodNum", .least = 1, .most = MAX_MONTHS,        \
              .help = "1-9 months or 1 year", .flag = "periods"),                                            \
    EVS_FIELD(EvsDiskCreate, console_url, TEXT, "bssParam/cloudServiceConsoleURL", .least = 1, .most = 1024, \
              .help = "where the order page leads back to")

static gboolean refuse(GError **error, const char *text)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s", text);
}

static gboolean check_source(const EvsDiskCreate *request, GError **error)
{
  int sources = (request->snapshot_id != NULL) + (request->image_id != NULL) + (request->backup_id != NULL);
  if (sources > 1)
    return refuse(error, "at most one of 'snapshot_id', 'imageRef' and 'backup_id' is expected");
  return !request->backup_id || request->count <= 1 ||
         refuse(error, "'count' is above 1: one disk at a time is made from a backup");
}

static gboolean check_size(const EvsDiskCreate *request, GError **error)
{
  if (request->size_gib == 0)
    return request->backup_id ||
           refuse(error, "'size' is missing: a number from 10 to 32768 is expected (GiB)");
  return request->size_gib >= DATA_LEAST_GIB || request->image_id || request->backup_id ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "'size' is %" G_GINT64_FORMAT ": a number from %d to %d is expected",
                       request->size_gib, DATA_LEAST_GIB, MAX_GIB);
}

/* EVS.1043: what a copy is made of decides these. */
static gboolean check_metadata(const EvsDiskCreate *request, GError **error)
{
  static const char *const inherited[] = {"__system__encrypted", "__system__cmkid", "hw:passthrough"};
  GHashTable *metadata = request->metadata;
  for (gsize i = 0; metadata && i < G_N_ELEMENTS(inherited); i++) {
    if ((request->snapshot_id || request->image_id) && g_hash_table_contains(metadata, inherited[i]))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "'metadata' has '%s': a disk made from a snapshot or image takes that from it",
                           inherited[i]);
  }
  const char *encrypted = metadata ? g_hash_table_lookup(metadata, "__system__encrypted") : NULL;
  return g_strcmp0(encrypted, "1") != 0 || g_hash_table_contains(metadata, "__system__cmkid") ||
         refuse(error, "'metadata' has '__system__encrypted' but not '__system__cmkid', the key's id");
}

static gboolean check_payment(const EvsDiskCreate *request, GError **error)
{
  if (g_strcmp0(request->charging_mode, "prePaid") != 0)
    return (!request->period_type && !request->period_count) ||
           refuse(error, "'periodType' and 'periodNum' belong to 'chargingMode' prePaid");
  if (!request->period_type || !request->period_count)
    return refuse(error, "'chargingMode' is prePaid: 'periodType' and 'periodNum' are expected with it");
  return g_str_equal(request->period_type, "month") || request->period_count == 1 ||
         refuse(error, "'periodNum' is above 1: disks are ordered for one year at a time");
}

static gboolean is_tag_text(const char *text, gboolean value)
{
  for (; *text; text = g_utf8_next_char(text)) {
    gunichar c = g_utf8_get_char(text);
    gboolean han = c >= 0x4E00 && c <= 0x9FFF;
    if (!han && !(c < 128 && (g_ascii_isalnum((char)c) || c == '_' || c == '-' || (value && c == '.'))))
      return FALSE;
  }
  return TRUE;
}

static gboolean check_tags(const EvsDiskCreate *request, GError **error)
{
  GHashTableIter iterator;
  gpointer key, value;
  if (!request->tags)
    return TRUE;
  g_hash_table_iter_init(&iterator, request->tags);
  while (g_hash_table_iter_next(&iterator, &key, &value))
    if (!is_tag_text(key, FALSE) || !is_tag_text(value, TRUE))
      return evs_error_set(
        error, EVS_CODE_INVALID_ARGUMENT,
        "'tags' has '%s=%s': letters, digits, '_' and '-' are expected, in the value '.' too", (char *)key,
        (char *)value);
  return TRUE;
}

static gboolean check_create(const void *value, GError **error)
{
  const EvsDiskCreate *request = value;
  return check_source(request, error) && check_size(request, error) && check_metadata(request, error) &&
         check_tags(request, error) && check_payment(request, error) &&
         evs_performance_check(request->volume_type, request->size_gib, request->iops, request->throughput,
                               error);
}

/* 6.1.7 has no members for performance. */
static gboolean check_create_v2(const void *value, GError **error)
{
  const EvsDiskCreate *request = value;
  return check_source(request, error) && check_size(request, error) && check_metadata(request, error) &&
         check_tags(request, error);
}

static const EvsField create_fields[] = {
  BASE_FIELDS,
  PERFORMANCE_FIELDS,
  CUSTOM_FIELDS,
  PAYMENT_FIELDS,
  /* The answer then names the disks at once. */
  {.name = "volume/metadata/create_for_volume_id", .kind = EVS_FIELD_TEXT, .fixed = "true"}};
static const EvsField create_v2_fields[] = {BASE_FIELDS, CUSTOM_FIELDS};
static const EvsField cinder_create_fields[] = {BASE_FIELDS, PERFORMANCE_FIELDS};

const EvsRecord evs_record_disk_create =
  EVS_RECORD("request", EvsDiskCreate, create_fields, .check = check_create);
const EvsRecord evs_record_disk_create_v2 = EVS_RECORD(
  "request", EvsDiskCreate, create_v2_fields, .wider = &evs_record_disk_create, .check = check_create_v2);
const EvsRecord evs_record_cinder_volume_create = EVS_RECORD(
  "request", EvsDiskCreate, cinder_create_fields, .wider = &evs_record_disk_create, .check = check_create);
