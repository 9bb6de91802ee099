#include "controller/parameters.h"

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

#define SIDECAR_PREFIX "csi.storage.k8s.io/"

enum { ZONE_NAME_MAX = 64, IOPS_MAX = 1000000, THROUGHPUT_MAX = 100000 };
enum { MKFS_TEXT_MAX = 32, SIDECAR_TEXT_MAX = 1024 };
typedef enum {
  KIND_LABEL,
  KIND_UUID,
  KIND_PROJECT,
  KIND_BOOL,
  KIND_NUMBER, /* 1 to max */
  KIND_TAGS,
  KIND_TEXT
} Kind;

typedef struct {
  const char *key;
  Kind kind;
  gsize offset;
  gint64 max; /* KIND_LABEL, KIND_TEXT: length; KIND_NUMBER: value */
  const char *accepted;
} Parameter;

#define AT(member) G_STRUCT_OFFSET(VolumeParameters, member)
#define LABEL_64 "1-64 of [A-Za-z0-9._-]"

static const Parameter parameters[] = {
  {"type", KIND_LABEL, AT(type), TYPE_NAME_MAX, LABEL_64},
  {"availability", KIND_LABEL, AT(availability), ZONE_NAME_MAX, LABEL_64},
  {"dssId", KIND_UUID, AT(dedicated_storage_id), 0, "a UUID"},
  {"scsi", KIND_BOOL, AT(scsi), 0, "true, false"},
  {"kmsId", KIND_UUID, AT(kms_key_id), 0, "a UUID"},
  {"iops", KIND_NUMBER, AT(iops), IOPS_MAX, "a whole number from 1 to 1000000"},
  {"throughput", KIND_NUMBER, AT(throughput), THROUGHPUT_MAX, "a whole number of MiB/s from 1 to 100000"},
  {"tags", KIND_TAGS, AT(tags), 0,
   "at most 10 'key=value' joined by commas, keys 1-36 and values 1-43 of [A-Za-z0-9_-], no key twice"},
  {"enterpriseProjectId", KIND_PROJECT, AT(enterprise_project_id), 0, "a UUID or 0"},
  {"multiattach", KIND_BOOL, AT(multiattach), 0, "true, false"},
  {"fullClone", KIND_BOOL, AT(full_clone), 0, "true, false"},
  {"transfer", KIND_BOOL, AT(transfer), 0, "true, false"},
  {"blockSize", KIND_TEXT, AT(mkfs[MKFS_BLOCK_SIZE]), MKFS_TEXT_MAX, "a number of bytes"},
  {"inodeSize", KIND_TEXT, AT(mkfs[MKFS_INODE_SIZE]), MKFS_TEXT_MAX, "a number of bytes"},
  {"bytesPerInode", KIND_TEXT, AT(mkfs[MKFS_BYTES_PER_INODE]), MKFS_TEXT_MAX, "a number of bytes"},
  {"numberOfInodes", KIND_TEXT, AT(mkfs[MKFS_NUMBER_OF_INODES]), MKFS_TEXT_MAX, "a number"},
  {SIDECAR_PREFIX "pv/name", KIND_TEXT, AT(pv_name), SIDECAR_TEXT_MAX, "text without control characters"},
  {SIDECAR_PREFIX "pvc/name", KIND_TEXT, AT(pvc_name), SIDECAR_TEXT_MAX, "text without control characters"},
  {SIDECAR_PREFIX "pvc/namespace", KIND_TEXT, AT(pvc_namespace), SIDECAR_TEXT_MAX,
   "text without control characters"},
};

static gboolean is_tag_text(const char *text, gsize max)
{
  return text_is_label(text, max) && !strchr(text, '.');
}

/* NULL when the text is no list of tags. */
static GHashTable *parse_tags(const char *text)
{
  g_autoptr(GHashTable) tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_auto(GStrv) pairs = g_strsplit(text, ",", TAGS_MAX + 2);
  if (g_strv_length(pairs) > TAGS_MAX)
    return NULL;
  for (char **pair = pairs; *pair; pair++) {
    g_auto(GStrv) sides = g_strsplit(*pair, "=", 2);
    if (g_strv_length(sides) != 2)
      return NULL;
    g_strstrip(sides[0]);
    g_strstrip(sides[1]);
    if (!is_tag_text(sides[0], TAG_KEY_MAX) || !is_tag_text(sides[1], TAG_VALUE_MAX))
      return NULL;
    if (!g_hash_table_insert(tags, g_strdup(sides[0]), g_strdup(sides[1])))
      return NULL;
  }
  return g_hash_table_size(tags) > 0 ? g_steal_pointer(&tags) : NULL;
}

static void set_text(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

static gboolean store(const Parameter *parameter, const char *value, VolumeParameters *into)
{
  void *field = (char *)into + parameter->offset;
  switch (parameter->kind) {
  case KIND_LABEL:
    if (!text_is_label(value, (gsize)parameter->max))
      return FALSE;
    set_text(field, value);
    return TRUE;
  case KIND_PROJECT:
  case KIND_UUID:
    if (!text_is_uuid(value) && !(parameter->kind == KIND_PROJECT && g_str_equal(value, "0")))
      return FALSE;
    set_text(field, value);
    return TRUE;
  case KIND_BOOL:
    return text_parse_bool(value, field);
  case KIND_NUMBER:
    return text_parse_int64(value, 1, parameter->max, field);
  case KIND_TAGS:
    g_clear_pointer((GHashTable **)field, g_hash_table_unref);
    *(GHashTable **)field = parse_tags(value);
    return *(GHashTable **)field != NULL;
  case KIND_TEXT:
    if (!text_is_printable(value) || strlen(value) > (gsize)parameter->max)
      return FALSE;
    set_text(field, value);
    return TRUE;
  }
  return FALSE;
}

static const Parameter *find_parameter(const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++)
    if (g_str_equal(parameters[i].key, key))
      return &parameters[i];
  return NULL;
}

static gboolean judge_unknown(const char *key, UnknownParameters unknown, GError **error)
{
  if (unknown == PARAMETERS_IGNORE_UNKNOWN || g_str_has_prefix(key, SIDECAR_PREFIX))
    return TRUE;
  if (unknown == PARAMETERS_WARN_UNKNOWN) {
    log_warn("unknown parameter ignored", LOG_TEXT("parameter", key));
    return TRUE;
  }
  GString *accepted = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++)
    if (!g_str_has_prefix(parameters[i].key, SIDECAR_PREFIX))
      g_string_append_printf(accepted, "%s, ", parameters[i].key);
  g_string_append(accepted, SIDECAR_PREFIX "*");
  evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "parameter '%.64s' is unknown; accepted: %s", key,
                accepted->str);
  g_string_free(accepted, TRUE);
  return FALSE;
}

gboolean parameters_parse(StringMap map, UnknownParameters unknown, VolumeParameters *ret_parameters,
                          GError **error)
{
  *ret_parameters = (VolumeParameters){0};
  g_auto(VolumeParameters) parsed = {0};
  for (gsize i = 0; i < map.count; i++) {
    const char *key = map.entries[i]->key;
    const char *value = map.entries[i]->value;
    const Parameter *parameter = find_parameter(key);
    if (!parameter) {
      if (!judge_unknown(key, unknown, error))
        return FALSE;
    } else if (!store(parameter, value, &parsed)) {
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "parameter '%s' is '%.64s'; accepted: %s", key,
                           value, parameter->accepted);
    }
  }
  *ret_parameters = parsed;
  parsed = (VolumeParameters){0};
  return TRUE;
}

/* The keys of a VolumeAttributesClass; of `parameters` above. */
static const char *const mutable_keys[] = {"type", "iops", "throughput", NULL};

gboolean parameters_apply_mutable(StringMap map, VolumeParameters *into, GError **error)
{
  for (gsize i = 0; i < map.count; i++) {
    const char *key = map.entries[i]->key;
    const char *value = map.entries[i]->value;
    if (g_str_has_prefix(key, SIDECAR_PREFIX))
      continue;
    if (!g_strv_contains(mutable_keys, key)) {
      g_autofree char *accepted = g_strjoinv(", ", (char **)mutable_keys);
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "mutable parameter '%.64s' is unknown; accepted: %s, " SIDECAR_PREFIX "*", key,
                           accepted);
    }
    const Parameter *parameter = find_parameter(key);
    if (!store(parameter, value, into))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "mutable parameter '%s' is '%.64s'; accepted: %s", key, value,
                           parameter->accepted);
  }
  return TRUE;
}

/* What each type with own performance sells (cloud-facts.md F1). 0: the parameter must be absent. */
typedef struct {
  const char *type;
  gint64 iops_min, iops_max, iops_per_gib;
  gint64 throughput_min, throughput_max, iops_per_throughput;
} Performance;

static const Performance performances[] = {
  {"GPSSD2", 3000, 128000, 500, 125, 1000, 4},
  {"ESSD2", 100, 256000, 1000, 0, 0, 0},
};

static const Performance *find_performance(const char *type)
{
  for (gsize i = 0; i < G_N_ELEMENTS(performances); i++)
    if (g_str_equal(performances[i].type, type))
      return &performances[i];
  return NULL;
}

gboolean parameters_has_performance(const char *type)
{
  return find_performance(type) != NULL;
}

static gboolean check_one(const char *name, gint64 value, gint64 min, gint64 max, const char *type,
                          GError **error)
{
  if (max == 0 && value == 0)
    return TRUE;
  if (max == 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "parameter '%s' is not accepted for disk type '%s'", name, type);
  if (value < min || value > max)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "parameter '%s' is %s; disk type '%s' of this size and speed accepts %" G_GINT64_FORMAT
      " to %" G_GINT64_FORMAT,
      name, value ? "out of range" : "missing", type, min, max);
  return TRUE;
}

gboolean parameters_check_performance(const VolumeParameters *given, const char *type, gint64 size_gib,
                                      GError **error)
{
  static const Performance none = {0};
  const Performance *performance = find_performance(type) ? find_performance(type) : &none;

  gint64 iops_max = MIN(performance->iops_max, performance->iops_per_gib * size_gib);
  if (!check_one("iops", given->iops, performance->iops_min, iops_max, type, error))
    return FALSE;
  gint64 throughput_max = performance->throughput_max;
  if (throughput_max > 0)
    throughput_max = MIN(throughput_max, given->iops / performance->iops_per_throughput);
  return check_one("throughput", given->throughput, performance->throughput_min, throughput_max, type, error);
}

void parameters_clear(VolumeParameters *given)
{
  g_free(given->type);
  g_free(given->availability);
  g_free(given->dedicated_storage_id);
  g_free(given->kms_key_id);
  g_free(given->enterprise_project_id);
  g_clear_pointer(&given->tags, g_hash_table_unref);
  for (guint i = 0; i < MKFS_N_OPTIONS; i++)
    g_free(given->mkfs[i]);
  g_free(given->pv_name);
  g_free(given->pvc_name);
  g_free(given->pvc_namespace);
  *given = (VolumeParameters){0};
}
