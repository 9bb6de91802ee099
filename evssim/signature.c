#include "evssim/signature.h"

#include "base/error.h"
#include "base/text.h"

#define ALGORITHM "SDK-HMAC-SHA256"

enum { DIGEST_HEX = 64, MAX_PARAMETERS = 1024 };

typedef struct {
  char *name; /* decoded */
  char *value;
} Parameter;

static void parameter_free(gpointer data)
{
  Parameter *parameter = data;
  g_free(parameter->name);
  g_free(parameter->value);
  g_free(parameter);
}

static gboolean refuse(GError **error, const char *text)
{
  return evs_error_set(error, EVS_CODE_UNAUTHENTICATED, "%s", text);
}

void signature_free(Signature *signature)
{
  if (!signature)
    return;
  g_free(signature->access_key);
  g_free(signature->scope);
  g_strfreev(signature->signed_names);
  g_free(signature->digest);
  g_free(signature);
}

/* --- Authorization header --- */

static gboolean set_credential(Signature *signature, const char *credential)
{
  const char *slash = strchr(credential, '/');
  if (!slash || slash == credential)
    return FALSE;
  g_auto(GStrv) scope = g_strsplit(slash + 1, "/", 5);
  if (g_strv_length(scope) != 4 || strlen(scope[0]) != 8 || strcmp(scope[3], "sdk_request") != 0)
    return FALSE;
  signature->form = SIGNATURE_FORM_SCOPED;
  g_free(signature->access_key);
  signature->access_key = g_strndup(credential, (gsize)(slash - credential));
  g_free(signature->scope);
  signature->scope = g_strdup(slash + 1);
  return TRUE;
}

static gboolean set_field(Signature *signature, const char *field)
{
  const char *value = strchr(field, '=');
  if (!value)
    return FALSE;
  gsize length = (gsize)(value++ - field);
  if (length == strlen("Access") && strncmp(field, "Access", length) == 0) {
    g_free(signature->access_key);
    signature->access_key = g_strdup(value);
    return *value != '\0';
  }
  if (length == strlen("Credential") && strncmp(field, "Credential", length) == 0)
    return set_credential(signature, value);
  if (length == strlen("SignedHeaders") && strncmp(field, "SignedHeaders", length) == 0) {
    g_strfreev(signature->signed_names);
    g_autofree char *lower = g_ascii_strdown(value, -1);
    signature->signed_names = g_strsplit(lower, ";", SIGNATURE_MAX_HEADERS + 1);
    return g_strv_length(signature->signed_names) <= SIGNATURE_MAX_HEADERS;
  }
  if (length == strlen("Signature") && strncmp(field, "Signature", length) == 0) {
    g_free(signature->digest);
    signature->digest = g_strdup(value);
    return strlen(value) == DIGEST_HEX;
  }
  return FALSE;
}

Signature *signature_parse(const char *authorization, GError **error)
{
  gsize scheme = strlen(ALGORITHM " ");
  if (!authorization || strncmp(authorization, ALGORITHM " ", scheme) != 0) {
    refuse(error, "header 'Authorization' must begin with '" ALGORITHM "'");
    return NULL;
  }
  if (strlen(authorization) > SIGNATURE_MAX_AUTHORIZATION) {
    refuse(error, "header 'Authorization' is too long");
    return NULL;
  }
  g_autoptr(Signature) signature = g_new0(Signature, 1);
  signature->form = SIGNATURE_FORM_ACCESS;
  g_auto(GStrv) fields = g_strsplit(authorization + scheme, ",", 8);
  for (char **field = fields; *field; field++) {
    if (!set_field(signature, g_strstrip(*field))) {
      refuse(error,
             "header 'Authorization' holds a field that is malformed or unknown: Access or Credential, "
             "SignedHeaders and Signature are accepted");
      return NULL;
    }
  }
  if (!signature->access_key || !signature->signed_names || !signature->digest) {
    refuse(error, "header 'Authorization' lacks Access (or Credential), SignedHeaders or Signature");
    return NULL;
  }
  return g_steal_pointer(&signature);
}

/* --- percent encoding --- */

/* NULL for a broken escape or an escaped NUL. */
static char *percent_decode(const char *text, gsize length, gboolean plus_is_blank)
{
  g_autoptr(GString) out = g_string_sized_new(length);
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '+' && plus_is_blank) {
      g_string_append_c(out, ' ');
    } else if (text[i] != '%') {
      g_string_append_c(out, text[i]);
    } else {
      if (i + 2 >= length || !g_ascii_isxdigit(text[i + 1]) || !g_ascii_isxdigit(text[i + 2]))
        return NULL;
      int byte = g_ascii_xdigit_value(text[i + 1]) * 16 + g_ascii_xdigit_value(text[i + 2]);
      if (byte == 0)
        return NULL;
      g_string_append_c(out, (char)byte);
      i += 2;
    }
  }
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Every byte but letters, digits and "-_.~" (and those in `keep`) becomes %XX. */
static void percent_encode(GString *out, const char *text, const char *keep)
{
  for (const char *at = text; *at; at++) {
    if (g_ascii_isalnum(*at) || strchr("-_.~", *at) || strchr(keep, *at))
      g_string_append_c(out, *at);
    else
      g_string_append_printf(out, "%%%02X", (guint)(guchar)*at);
  }
}

/* --- the target --- */

/* Cuts scheme and authority off an absolute target. The path may be empty. */
static const char *target_origin(const char *target)
{
  const char *authority = strstr(target, "://");
  if (target[0] == '/' || target[0] == '?' || !authority)
    return target;
  return authority + 3 + strcspn(authority + 3, "/?");
}

/* Each segment is decoded once and encoded afresh, so that "%2f" and "/" read alike; always ends in a slash. */
static gboolean append_path(GString *out, const char *target, GError **error)
{
  const char *origin = target_origin(target);
  g_autofree char *path = percent_decode(origin, strcspn(origin, "?"), FALSE);
  if (!path)
    return refuse(error, "the path holds a broken percent escape");
  if (path[0] != '/')
    g_string_append_c(out, '/');
  percent_encode(out, path, "/");
  if (out->str[out->len - 1] != '/')
    g_string_append_c(out, '/');
  return TRUE;
}

static GPtrArray *target_parameters(const char *target, GError **error)
{
  g_autoptr(GPtrArray) parameters = g_ptr_array_new_with_free_func(parameter_free);
  const char *origin = target_origin(target);
  const char *query = strchr(origin, '?');
  g_auto(GStrv) pairs = g_strsplit(query ? query + 1 : "", "&", MAX_PARAMETERS + 1);
  if (g_strv_length(pairs) > MAX_PARAMETERS) {
    refuse(error, "the query holds too many parameters");
    return NULL;
  }
  for (char **pair = pairs; *pair; pair++) {
    if (!**pair)
      continue;
    gsize name_length = strcspn(*pair, "=");
    const char *value = (*pair)[name_length] ? *pair + name_length + 1 : "";
    Parameter *parameter = g_new0(Parameter, 1);
    g_ptr_array_add(parameters, parameter);
    parameter->name = percent_decode(*pair, name_length, TRUE);
    parameter->value = percent_decode(value, strlen(value), TRUE);
    if (!parameter->name || !parameter->value) {
      refuse(error, "the query holds a broken percent escape");
      return NULL;
    }
  }
  return g_steal_pointer(&parameters);
}

static int by_name_and_value(gconstpointer left, gconstpointer right)
{
  const Parameter *a = *(Parameter *const *)left, *b = *(Parameter *const *)right;
  int order = strcmp(a->name, b->name);
  return order ? order : strcmp(a->value, b->value);
}

static int by_name(gconstpointer left, gconstpointer right)
{
  const Parameter *a = *(Parameter *const *)left, *b = *(Parameter *const *)right;
  return strcmp(a->name, b->name);
}

static int by_encoded_name_ignoring_case(gconstpointer left, gconstpointer right)
{
  const Parameter *a = *(Parameter *const *)left, *b = *(Parameter *const *)right;
  g_autoptr(GString) first = g_string_new(NULL);
  g_autoptr(GString) second = g_string_new(NULL);
  percent_encode(first, a->name, "");
  percent_encode(second, b->name, "");
  return g_ascii_strcasecmp(first->str, second->str);
}

/* A POST without a body: the scoped form signs its query as the payload. */
static gboolean query_is_payload(const Signature *signature, const SignatureRequest *request)
{
  return signature->form == SIGNATURE_FORM_SCOPED && strcmp(request->method, "POST") == 0 &&
         request->body_size == 0;
}

static gboolean append_query(GString *out, const Signature *signature, const SignatureRequest *request,
                             GError **error)
{
  g_autoptr(GPtrArray) parameters = target_parameters(request->target, error);
  if (!parameters)
    return FALSE;
  if (query_is_payload(signature, request))
    return TRUE;
  gboolean scoped = signature->form == SIGNATURE_FORM_SCOPED;
  /* GLib's array sort is stable, so that the first of equal names stays first. */
  g_ptr_array_sort(parameters, scoped ? by_encoded_name_ignoring_case : by_name_and_value);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  const char *separator = "";
  for (guint i = 0; i < parameters->len; i++) {
    const Parameter *parameter = parameters->pdata[i];
    if (scoped && !g_hash_table_add(seen, parameter->name))
      continue;
    g_string_append(out, separator);
    percent_encode(out, parameter->name, "");
    g_string_append_c(out, '=');
    percent_encode(out, parameter->value, "");
    separator = "&";
  }
  return TRUE;
}

/* The query as an HTML form would be sent: names sorted, values in the order given, a blank is '+'. */
static char *query_as_payload(const char *target, GError **error)
{
  g_autoptr(GPtrArray) parameters = target_parameters(target, error);
  if (!parameters)
    return NULL;
  g_ptr_array_sort(parameters, by_name);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < parameters->len; i++) {
    const Parameter *parameter = parameters->pdata[i];
    if (i > 0)
      g_string_append_c(out, '&');
    percent_encode(out, parameter->name, " ");
    g_string_append_c(out, '=');
    percent_encode(out, parameter->value, " ");
  }
  g_string_replace(out, " ", "+", 0);
  return g_string_free(out, FALSE);
}

/* --- headers --- */

static const char *header_value(const SignatureRequest *request, const char *name)
{
  for (gsize i = 0; i < request->header_count; i++)
    if (g_ascii_strcasecmp(request->headers[i].name, name) == 0)
      return request->headers[i].value;
  return NULL;
}

/* The scoped form's rule: a run of white space becomes one blank, the ends included. */
static void append_collapsed(GString *out, const char *value)
{
  gboolean blank = FALSE;
  for (const char *at = value; *at; at++) {
    gboolean space = strchr(" \t\n\f\r", *at) != NULL;
    if (!space)
      g_string_append_c(out, *at);
    else if (!blank)
      g_string_append_c(out, ' ');
    blank = space;
  }
}

static gboolean append_headers(GString *out, const Signature *signature, const SignatureRequest *request,
                               GError **error)
{
  for (char **name = signature->signed_names; *name; name++) {
    guint found = 0;
    for (gsize i = 0; i < request->header_count; i++) {
      if (g_ascii_strcasecmp(request->headers[i].name, *name) != 0)
        continue;
      /* Of a repeated header the scoped form signs the first, the Access form each on a line of its own. */
      if (found++ > 0 && signature->form == SIGNATURE_FORM_SCOPED)
        break;
      g_string_append_printf(out, "%s:", *name);
      if (signature->form == SIGNATURE_FORM_SCOPED) {
        append_collapsed(out, request->headers[i].value);
      } else {
        g_autofree char *trimmed = g_strstrip(g_strdup(request->headers[i].value));
        g_string_append(out, trimmed);
      }
      g_string_append_c(out, '\n');
    }
    if (!found)
      return evs_error_set(error, EVS_CODE_UNAUTHENTICATED, "signed header '%s' is not on the request",
                           *name);
  }
  return TRUE;
}

static gboolean append_payload_hash(GString *out, const Signature *signature, const SignatureRequest *request,
                                    GError **error)
{
  const char *given = header_value(request, "X-Sdk-Content-Sha256");
  if (given) {
    g_string_append(out, given);
    return TRUE;
  }
  g_autofree char *payload = NULL;
  const guchar *bytes = request->body;
  gsize size = request->body_size;
  if (query_is_payload(signature, request)) {
    payload = query_as_payload(request->target, error);
    if (!payload)
      return FALSE;
    bytes = (const guchar *)payload;
    size = strlen(payload);
  }
  g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, size);
  g_string_append(out, hash);
  return TRUE;
}

/* --- the two texts and the key --- */

char *signature_canonical_request(const Signature *signature, const SignatureRequest *request, GError **error)
{
  g_autofree char *method = g_ascii_strup(request->method, -1);
  g_autofree char *names = g_strjoinv(";", signature->signed_names);
  g_autoptr(GString) path = g_string_new(NULL);
  g_autoptr(GString) out = g_string_new(method);
  g_string_append_c(out, '\n');
  if (!append_path(path, request->target, error))
    return NULL;
  g_string_append_printf(out, "%s\n", path->str);
  if (!append_query(out, signature, request, error))
    return NULL;
  g_string_append_c(out, '\n');
  if (!append_headers(out, signature, request, error))
    return NULL;
  g_string_append_printf(out, "\n%s\n", names);
  if (!append_payload_hash(out, signature, request, error))
    return NULL;
  return g_string_free(g_steal_pointer(&out), FALSE);
}

char *signature_string_to_sign(const Signature *signature, const SignatureRequest *request, GError **error)
{
  const char *date = header_value(request, "X-Sdk-Date");
  if (!date) {
    refuse(error, "header 'X-Sdk-Date' is missing");
    return NULL;
  }
  g_autofree char *canonical = signature_canonical_request(signature, request, error);
  if (!canonical)
    return NULL;
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, canonical, -1);
  if (signature->form == SIGNATURE_FORM_SCOPED)
    return g_strdup_printf(ALGORITHM "\n%s\n%s\n%s", date, signature->scope, hash);
  return g_strdup_printf(ALGORITHM "\n%s\n%s", date, hash);
}

typedef struct {
  guint8 bytes[32];
} Key;

static Key keyed_hash(const void *key, gsize key_size, const char *text)
{
  Key out;
  gsize size = sizeof out.bytes;
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, key_size);
  g_hmac_update(hmac, (const guchar *)text, (gssize)strlen(text));
  g_hmac_get_digest(hmac, out.bytes, &size);
  g_hmac_unref(hmac);
  return out;
}

static char *expected_digest(const Signature *signature, const char *secret, const char *string_to_sign)
{
  if (signature->form == SIGNATURE_FORM_ACCESS)
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret),
                                     string_to_sign, -1);
  g_auto(GStrv) parts = g_strsplit(signature->scope, "/", 4);
  g_autofree char *seed = g_strconcat("SDK", secret, NULL);
  Key key = keyed_hash(seed, strlen(seed), parts[0]);
  for (int i = 1; i < 4; i++)
    key = keyed_hash(key.bytes, sizeof key.bytes, parts[i]);
  return g_compute_hmac_for_string(G_CHECKSUM_SHA256, key.bytes, sizeof key.bytes, string_to_sign, -1);
}

gboolean signature_verify(const Signature *signature, const SignatureRequest *request, const char *secret,
                          GError **error)
{
  g_autofree char *string_to_sign = signature_string_to_sign(signature, request, error);
  if (!string_to_sign)
    return FALSE;
  g_autofree char *expected = expected_digest(signature, secret, string_to_sign);
  /* All digits are compared whatever the first difference, so that timing tells nothing. */
  int difference = 0;
  for (int i = 0; i < DIGEST_HEX; i++)
    difference |= expected[i] ^ signature->digest[i];
  return difference == 0 || refuse(error, "the signature does not match the request");
}

gboolean signature_date(const Signature *signature, const SignatureRequest *request, gint64 *ret_wall_us,
                        GError **error)
{
  const char *date = header_value(request, "X-Sdk-Date");
  if (!date)
    return refuse(error, "header 'X-Sdk-Date' is missing");
  if (!g_strv_contains((const char *const *)signature->signed_names, "x-sdk-date"))
    return refuse(error, "header 'X-Sdk-Date' is not signed");
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time = strlen(date) == 16 ? g_date_time_new_from_iso8601(date, utc) : NULL;
  if (!time)
    return refuse(error, "header 'X-Sdk-Date' must read like 20240229T123456Z");
  if (signature->scope && strncmp(signature->scope, date, 8) != 0)
    return refuse(error, "the credential's date is not the day of 'X-Sdk-Date'");
  *ret_wall_us = g_date_time_to_unix(time) * G_USEC_PER_SEC;
  return TRUE;
}
