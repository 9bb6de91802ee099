#include "transfer/handover.h"

#include "base/clock.h"
#include "base/text.h"
#include "evsclient/json.h"
#include "transfer/handover_seal.h"

enum { TEXT_MAX = 253, KEY_MAX = 255, LABEL_TEXT_MAX = 317, SIZE_MAX_GIB = 32768, SHOWN_NAME_MAX = 64 };

typedef enum {
  MEMBER_UUID,
  MEMBER_KEY,
  MEMBER_TEXT,
  MEMBER_MODE,
  MEMBER_SIZE,
  MEMBER_LABELS,
  MEMBER_TIME,
} MemberKind;

typedef struct {
  const char *name;
  MemberKind kind;
  gsize offset;
  gboolean required;
} Member;

#define AT(member) G_STRUCT_OFFSET(Handover, member)

static const Member members[] = {
  {"transfer_id", MEMBER_UUID, AT(transfer_id), TRUE},
  {"auth_key", MEMBER_KEY, AT(auth_key), TRUE},
  {"volume_id", MEMBER_UUID, AT(volume_id), TRUE},
  {"size_gib", MEMBER_SIZE, AT(size_gib), TRUE},
  {"volume_type", MEMBER_TEXT, AT(volume_type), TRUE},
  {"availability_zone", MEMBER_TEXT, AT(availability_zone), TRUE},
  {"region", MEMBER_TEXT, AT(region), FALSE},
  {"project_id", MEMBER_TEXT, AT(project_id), TRUE},
  {"cluster", MEMBER_TEXT, AT(cluster), FALSE},
  {"driver", MEMBER_TEXT, AT(driver), FALSE},
  {"fs_type", MEMBER_TEXT, AT(fs_type), FALSE},
  {"volume_mode", MEMBER_MODE, AT(volume_mode), TRUE},
  {"pv_name", MEMBER_TEXT, AT(pv_name), FALSE},
  {"pvc_name", MEMBER_TEXT, AT(pvc_name), FALSE},
  {"pvc_namespace", MEMBER_TEXT, AT(pvc_namespace), FALSE},
  {"labels", MEMBER_LABELS, AT(labels), FALSE},
  {"to", MEMBER_TEXT, AT(to), FALSE},
  {"created", MEMBER_TIME, AT(created_wall_us), TRUE},
  {"expires", MEMBER_TIME, AT(expires_wall_us), TRUE},
};

static const char *const accepted[] = {
  [MEMBER_UUID] = "a UUID",
  [MEMBER_KEY] = "text of 1 to 255 characters without blanks and control characters",
  [MEMBER_TEXT] = "text of at most 253 bytes without control characters",
  [MEMBER_MODE] = "Filesystem, Block",
  [MEMBER_SIZE] = "a whole number of GiB from 1 to 32768",
  [MEMBER_LABELS] = "at most 64 members of text, none longer than 317 bytes",
  [MEMBER_TIME] = "a time such as 2026-11-21T14:00:00Z",
};

static char **text_at(const Handover *handover, const Member *member)
{
  return (char **)((char *)handover + member->offset);
}

static gint64 *number_at(const Handover *handover, const Member *member)
{
  return (gint64 *)((char *)handover + member->offset);
}

static gboolean is_text_kind(MemberKind kind)
{
  return kind == MEMBER_UUID || kind == MEMBER_KEY || kind == MEMBER_TEXT || kind == MEMBER_MODE;
}

void handover_wipe_key(Handover *handover)
{
  if (handover->auth_key)
    explicit_bzero(handover->auth_key, strlen(handover->auth_key));
}

void handover_text_free(char *text)
{
  if (text)
    explicit_bzero(text, strlen(text));
  g_free(text);
}

void handover_free(Handover *handover)
{
  if (!handover)
    return;
  handover_wipe_key(handover);
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    if (is_text_kind(members[i].kind))
      g_free(*text_at(handover, &members[i]));
  g_clear_pointer(&handover->labels, g_hash_table_unref);
  g_free(handover);
}

/* ---- judging values, the same when read and when written ---- */

static gboolean refuse(const Member *member, gboolean missing, GError **error)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: member '%s' is %s; accepted: %s",
                       member->name, missing ? "missing" : "not valid", accepted[member->kind]);
}

static gboolean text_is_good(MemberKind kind, const char *text)
{
  switch (kind) {
  case MEMBER_UUID:
    return text_is_uuid(text);
  case MEMBER_KEY:
    return text_is_printable(text) && strlen(text) <= KEY_MAX && !strchr(text, ' ');
  case MEMBER_MODE:
    return g_str_equal(text, "Filesystem") || g_str_equal(text, "Block");
  default:
    return text_is_printable(text) && strlen(text) <= TEXT_MAX;
  }
}

static gboolean label_is_good(const char *text)
{
  return text_is_printable(text) && strlen(text) <= LABEL_TEXT_MAX;
}

static gboolean labels_are_good(GHashTable *labels)
{
  if (g_hash_table_size(labels) > HANDOVER_MAX_LABELS)
    return FALSE;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, labels);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (!label_is_good(key) || !label_is_good(value))
      return FALSE;
  return TRUE;
}

static gboolean check_member(const Handover *handover, const Member *member, GError **error)
{
  gboolean good = TRUE;
  if (is_text_kind(member->kind)) {
    const char *text = *text_at(handover, member);
    if (!text || !*text)
      return !member->required || refuse(member, TRUE, error);
    good = text_is_good(member->kind, text);
  } else if (member->kind == MEMBER_LABELS) {
    good = !handover->labels || labels_are_good(handover->labels);
  } else {
    gint64 number = *number_at(handover, member);
    if (number == 0)
      return refuse(member, TRUE, error);
    good = number > 0 && (member->kind != MEMBER_SIZE || number <= SIZE_MAX_GIB);
  }
  return good || refuse(member, FALSE, error);
}

static gboolean check(const Handover *handover, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    if (!check_member(handover, &members[i], error))
      return FALSE;
  if (handover->expires_wall_us <= handover->created_wall_us)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "handover: member 'expires' is not valid; accepted: a time after 'created'");
  return TRUE;
}

/* ---- writing ---- */

static void wipe_json(json_t *object)
{
  json_t *key = json_object_get(object, "auth_key");
  if (json_is_string(key))
    explicit_bzero((char *)json_string_value(key), json_string_length(key));
  json_decref(object);
}

static json_t *to_json(const Handover *handover)
{
  json_t *object = json_pack("{s:i}", "format", HANDOVER_FORMAT);
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
    const Member *member = &members[i];
    if (is_text_kind(member->kind)) {
      const char *text = *text_at(handover, member);
      evs_json_set_text(object, member->name, text && *text ? text : NULL);
    } else if (member->kind == MEMBER_LABELS) {
      if (handover->labels && g_hash_table_size(handover->labels) > 0)
        evs_json_set_map(object, member->name, handover->labels);
    } else if (member->kind == MEMBER_TIME) {
      g_autofree char *time = clock_format_rfc3339(*number_at(handover, member));
      evs_json_set_text(object, member->name, time);
    } else {
      evs_json_set_int(object, member->name, *number_at(handover, member));
    }
  }
  return object;
}

/* Of the object as it is now, without `checksum`. Newly allocated. */
static char *checksum_of(json_t *object)
{
  char *text = evs_json_write(json_incref(object));
  char *checksum = text_sha256(text);
  handover_text_free(text);
  return checksum;
}

char *handover_write(const Handover *handover, const char *passphrase, GError **error)
{
  if (!check(handover, error))
    return NULL;
  json_t *object = to_json(handover);
  g_autofree char *checksum = checksum_of(object);
  evs_json_set_text(object, "checksum", checksum);
  char *text = evs_json_write(json_incref(object));
  wipe_json(object);
  if (passphrase) {
    char *sealed = handover_seal(text, passphrase, error);
    handover_text_free(text);
    text = sealed;
  }
  if (!text || strlen(text) <= HANDOVER_MAX_BYTES)
    return text;
  handover_text_free(text);
  evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: longer than %d bytes; leave labels out",
                HANDOVER_MAX_BYTES);
  return NULL;
}

/* ---- reading ---- */

static gboolean read_labels(const json_t *value, GHashTable *labels)
{
  const char *key;
  json_t *item;
  if (!json_is_object(value))
    return FALSE;
  json_object_foreach((json_t *)value, key, item)
  {
    if (!json_is_string(item))
      return FALSE;
    g_hash_table_insert(labels, g_strdup(key), g_strdup(json_string_value(item)));
  }
  return TRUE;
}

/* Only the type: check() judges the value. */
static gboolean read_member(const Member *member, const json_t *value, Handover *into)
{
  switch (member->kind) {
  case MEMBER_SIZE:
    *number_at(into, member) = json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) != 0;
  case MEMBER_TIME:
    *number_at(into, member) = json_is_string(value) ? evs_json_time(json_string_value(value)) : 0;
    return *number_at(into, member) != 0;
  case MEMBER_LABELS:
    return read_labels(value, into->labels);
  default:
    g_free(*text_at(into, member));
    *text_at(into, member) = g_strdup(json_is_string(value) ? json_string_value(value) : "");
    return json_is_string(value);
  }
}

gboolean handover_refuse_unknown(const char *name, GError **error)
{
  if (!text_is_label(name, SHOWN_NAME_MAX)) /* no others go into a log */
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: a member is unknown in format %d",
                         HANDOVER_FORMAT);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: member '%s' is unknown in format %d",
                       name, HANDOVER_FORMAT);
}

static const Member *find_member(const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    if (g_str_equal(members[i].name, name))
      return &members[i];
  return NULL;
}

static gboolean check_checksum(json_t *object, GError **error)
{
  g_autofree char *given = evs_json_text(object, "checksum");
  json_object_del(object, "checksum");
  g_autofree char *wanted = checksum_of(object);
  if (g_str_equal(given, wanted))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "handover: member 'checksum' is %s: the text was changed after it was written",
                       *given ? "not that of the others" : "missing");
}

static gboolean check_format(const json_t *object, GError **error)
{
  const json_t *format = json_object_get(object, "format");
  if (json_is_integer(format) && json_integer_value(format) == HANDOVER_FORMAT)
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "handover: member 'format' is %s; accepted: %d: is it a handover file?",
                       format ? "not valid" : "missing", HANDOVER_FORMAT);
}

static Handover *from_json(json_t *object, GError **error)
{
  g_autoptr(Handover) handover = g_new0(Handover, 1);
  handover->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    if (is_text_kind(members[i].kind))
      *text_at(handover, &members[i]) = g_strdup("");
  if (!check_format(object, error) || !check_checksum(object, error))
    return NULL;
  const char *name;
  json_t *value;
  json_object_foreach(object, name, value)
  {
    const Member *member = find_member(name);
    if (!member && !g_str_equal(name, "format")) {
      handover_refuse_unknown(name, error);
      return NULL;
    }
    if (member && !read_member(member, value, handover)) {
      refuse(member, FALSE, error);
      return NULL;
    }
  }
  return check(handover, error) ? g_steal_pointer(&handover) : NULL;
}

/* A JSON object, or NULL with error. */
static json_t *parse(const char *text, gsize length, GError **error)
{
  if (length > HANDOVER_MAX_BYTES) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: longer than %d bytes", HANDOVER_MAX_BYTES);
    return NULL;
  }
  json_t *object = evs_json_parse(text, length);
  if (json_is_object(object))
    return object;
  json_decref(object);
  evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: not a JSON object: is it a handover file?");
  return NULL;
}

Handover *handover_read(const char *text, gsize length, const char *passphrase, GError **error)
{
  json_t *object = parse(text, length, error);
  if (object && json_object_get(object, "encrypted")) {
    g_autoptr(json_t) sealed = object;
    char *clear = check_format(sealed, error) ? handover_unseal(sealed, passphrase, error) : NULL;
    object = clear ? parse(clear, strlen(clear), error) : NULL;
    handover_text_free(clear);
  }
  if (!object)
    return NULL;
  Handover *handover = from_json(object, error);
  wipe_json(object);
  return handover;
}

gboolean handover_is_encrypted(const char *text, gsize length)
{
  json_t *object = length <= HANDOVER_MAX_BYTES ? evs_json_parse(text, length) : NULL;
  gboolean encrypted = json_object_get(object, "encrypted") != NULL;
  if (object)
    wipe_json(object);
  return encrypted;
}

gboolean handover_check_expiry(const Handover *handover, gint64 now_wall_us, GError **error)
{
  if (now_wall_us < handover->expires_wall_us)
    return TRUE;
  g_autofree char *time = clock_format_rfc3339(handover->expires_wall_us);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "the handover of disk '%s' has expired at %s",
                handover->volume_id, time);
  if (error)
    evs_error_set_remedy(*error, "ask the sender for a new one: evsctl transfer create");
  return FALSE;
}
