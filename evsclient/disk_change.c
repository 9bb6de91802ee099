#include "evsclient/disk_change.h"

#include "evsclient/performance.h"
#include "evsclient/records.h"
#include "evsclient/typed_call.h"

/* ---- field tables: evs-facts 4.5, 4.7, cloud-facts F1 ---- */

#define NEW_SIZE                                                                                             \
  EVS_FIELD(EvsDiskExtend, new_size_gib, INT, "os-extend/new_size", .flags = EVS_FIELD_REQUIRED, .least = 1, \
            .most = 32768, .help = "GiB, more than now", .flag = "size")
#define PAYMENT(type, root)                                                                                  \
  EVS_FIELD(type, auto_pay, BOOL, root "/isAutoPay", .flags = EVS_FIELD_AS_TEXT,                             \
            .help = "pay the order at once", .flag = "auto-pay"),                                            \
    EVS_FIELD(type, console_url, TEXT, root "/cloudServiceConsoleURL", .least = 1, .most = 1024,             \
              .help = "where the order page leads back to")

static const EvsField extend_fields[] = {NEW_SIZE, PAYMENT(EvsDiskExtend, "bssParam")};
static const EvsField extend_v2_fields[] = {NEW_SIZE};
const EvsRecord evs_record_disk_extend = EVS_RECORD("request", EvsDiskExtend, extend_fields);
const EvsRecord evs_record_disk_extend_v2 =
  EVS_RECORD("request", EvsDiskExtend, extend_v2_fields, .wider = &evs_record_disk_extend);
const EvsRecord evs_record_cinder_extend =
  EVS_RECORD("request", EvsDiskExtend, extend_v2_fields, .wider = &evs_record_disk_extend);

static const EvsField new_size_fields[] = {
  EVS_FIELD(EvsDiskNewSize, volume_id, TEXT, "id", .flags = EVS_FIELD_REQUIRED | EVS_FIELD_UUID),
  EVS_FIELD(EvsDiskNewSize, new_size_gib, INT, "new_size", .flags = EVS_FIELD_REQUIRED, .least = 1,
            .most = 32768),
};
static const EvsRecord new_size_record = EVS_RECORD("disk", EvsDiskNewSize, new_size_fields);

static gboolean check_batch(const void *value, GError **error)
{
  const EvsDiskExtendBatch *request = value;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < request->disks->len; i++) {
    const EvsDiskNewSize *disk = request->disks->pdata[i];
    if (!g_hash_table_add(seen, (gpointer)disk->volume_id))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'volumes' has '%s' twice", disk->volume_id);
  }
  return TRUE;
}

static const EvsField batch_fields[] = {
  EVS_FIELD(EvsDiskExtendBatch, disks, LIST, "volumes", .record = &new_size_record,
            .flags = EVS_FIELD_REQUIRED, .least = 1, .most = 50, .help = "a disk and its new size in GiB",
            .flag = "volume"),
  EVS_FIELD(EvsDiskExtendBatch, auto_pay, BOOL, "bss_param/is_auto_pay", .flags = EVS_FIELD_AS_TEXT,
            .help = "pay the order at once", .flag = "auto-pay"),
};
const EvsRecord evs_record_extend_batch =
  EVS_RECORD("request", EvsDiskExtendBatch, batch_fields, .check = check_batch);

#define PERFORMANCE(type, root)                                                                              \
  EVS_FIELD(type, throughput, INT, root "/throughput", .least = 125, .most = 1000,                           \
            .help = "MiB/s; GPSSD2 only")

static const EvsField qos_fields[] = {
  EVS_FIELD(EvsDiskQos, iops, INT, "qos_modify/iops", .flags = EVS_FIELD_REQUIRED, .least = 100,
            .most = 256000, .help = "IOPS"),
  PERFORMANCE(EvsDiskQos, "qos_modify"),
};
const EvsRecord evs_record_qos = EVS_RECORD("request", EvsDiskQos, qos_fields);

static gboolean check_retype(const void *value, GError **error)
{
  const EvsDiskRetype *request = value;
  return evs_performance_check(request->new_type, 0, request->iops, request->throughput, error);
}

static const EvsField retype_fields[] = {
  EVS_FIELD(EvsDiskRetype, new_type, TEXT, "os-retype/new_type",
            .flags = EVS_FIELD_REQUIRED | EVS_FIELD_NAME_CHARS, .most = 64, .help = "the new disk type",
            .flag = "type"),
  EVS_FIELD(EvsDiskRetype, iops, INT, "os-retype/iops", .least = 100, .most = 256000,
            .help = "IOPS of a GPSSD2 or ESSD2 disk"),
  PERFORMANCE(EvsDiskRetype, "os-retype"),
  PAYMENT(EvsDiskRetype, "bssParam"),
};
const EvsRecord evs_record_retype =
  EVS_RECORD("request", EvsDiskRetype, retype_fields, .check = check_retype);

/* ---- calls ---- */

static EvsAccepted *change(EvsClient *client, const EvsContext *context, EvsOp op, const char *volume_id,
                           gconstpointer request, GError **error)
{
  EvsTypedCall call = {.op = op, .id = volume_id, .request = request};
  return evs_typed_get(client, context, &call, error);
}

/* Of disks paid by use. */
static gboolean change_for_job(EvsClient *client, const EvsContext *context, EvsOp op, const char *volume_id,
                               gconstpointer request, char **ret_job_id, GError **error)
{
  g_autoptr(EvsAccepted) accepted = change(client, context, op, volume_id, request, error);
  return accepted && evs_accepted_take_job(op, accepted, ret_job_id, error);
}

gboolean evs_disk_extend(EvsClient *client, const EvsContext *context, const char *volume_id,
                         gint64 new_size_gib, char **ret_job_id, GError **error)
{
  EvsDiskExtend request = {.new_size_gib = new_size_gib};
  return change_for_job(client, context, EVS_OP_DISK_EXTEND, volume_id, &request, ret_job_id, error);
}

EvsAccepted *evs_disk_extend_paid(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsDiskExtend *request, GError **error)
{
  return change(client, context, EVS_OP_DISK_EXTEND, volume_id, request, error);
}

EvsAccepted *evs_disk_extend_v2(EvsClient *client, const EvsContext *context, const char *volume_id,
                                const EvsDiskExtend *request, GError **error)
{
  return change(client, context, EVS_OP_DISK_EXTEND_V2, volume_id, request, error);
}

EvsAccepted *evs_disk_extend_batch(EvsClient *client, const EvsContext *context,
                                   const EvsDiskExtendBatch *request, GError **error)
{
  return change(client, context, EVS_OP_DISK_EXTEND_BATCH, NULL, request, error);
}

gboolean evs_disk_set_qos(EvsClient *client, const EvsContext *context, const char *volume_id, gint64 iops,
                          gint64 throughput, char **ret_job_id, GError **error)
{
  EvsDiskQos request = {iops, throughput};
  return change_for_job(client, context, EVS_OP_DISK_QOS, volume_id, &request, ret_job_id, error);
}

gboolean evs_disk_retype(EvsClient *client, const EvsContext *context, const char *volume_id,
                         const char *new_type, gint64 iops, gint64 throughput, char **ret_job_id,
                         GError **error)
{
  EvsDiskRetype request = {.new_type = new_type, .iops = iops, .throughput = throughput};
  return change_for_job(client, context, EVS_OP_DISK_RETYPE, volume_id, &request, ret_job_id, error);
}

EvsAccepted *evs_disk_retype_paid(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsDiskRetype *request, GError **error)
{
  return change(client, context, EVS_OP_DISK_RETYPE, volume_id, request, error);
}
