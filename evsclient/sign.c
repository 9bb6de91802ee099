#include "evsclient/sign.h"

#include <time.h>

typedef struct {
  char *name, *value; /* decoded */
} QueryPair;

static void query_pair_free(QueryPair *pair)
{
  g_free(pair->name);
  g_free(pair->value);
  g_free(pair);
}

static int hex_value(char c)
{
  return g_ascii_xdigit_value(c);
}

/* A '%' that no two hexadecimal digits follow stands for itself. */
static char *percent_decode(const char *text, gsize length, gboolean plus_is_space)
{
  GString *out = g_string_sized_new(length);
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '%' && i + 2 < length && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      g_string_append_c(out, (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])));
      i += 2;
    } else {
      g_string_append_c(out, plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return g_string_free(out, FALSE);
}

static void append_encoded(GString *out, const char *text, gboolean keep_slash)
{
  for (; *text; text++) {
    if (g_ascii_isalnum(*text) || strchr("-_.~", *text) || (keep_slash && *text == '/'))
      g_string_append_c(out, *text);
    else
      g_string_append_printf(out, "%%%02X", (guchar)*text);
  }
}

char *evs_percent_encode(const char *text)
{
  GString *out = g_string_new(NULL);
  append_encoded(out, text, FALSE);
  return g_string_free(out, FALSE);
}

/* The part of the URL behind host and port, up to the query. */
static const char *url_path(const char *url, gsize *ret_length)
{
  const char *host = strstr(url, "://");
  host = host ? host + 3 : url;
  const char *path = host + strcspn(host, "/?#");
  *ret_length = strcspn(path, "?#");
  return path;
}

/* An encoded slash inside a segment becomes a separator, as in every client of this family. */
static void append_canonical_path(GString *out, const char *url)
{
  gsize length;
  const char *path = url_path(url, &length);
  g_autofree char *decoded = percent_decode(path, length, FALSE);
  if (*decoded != '/')
    g_string_append_c(out, '/');
  append_encoded(out, decoded, TRUE);
  if (out->str[out->len - 1] != '/')
    g_string_append_c(out, '/');
}

static gint compare_pairs(gconstpointer left, gconstpointer right)
{
  const QueryPair *a = *(QueryPair *const *)left, *b = *(QueryPair *const *)right;
  int order = strcmp(a->name, b->name);
  return order != 0 ? order : strcmp(a->value, b->value);
}

static GPtrArray *query_pairs(const char *url)
{
  GPtrArray *pairs = g_ptr_array_new_with_free_func((GDestroyNotify)query_pair_free);
  const char *query = strchr(url, '?');
  query = query ? query + 1 : "";
  for (gsize end = strcspn(query, "#"), at = 0; at < end;) {
    gsize length = strcspn(query + at, "&#");
    const char *equals = memchr(query + at, '=', length);
    gsize name_length = equals ? (gsize)(equals - (query + at)) : length;
    gsize value_at = MIN(name_length + 1, length);
    if (length > 0) {
      QueryPair *pair = g_new0(QueryPair, 1);
      pair->name = percent_decode(query + at, name_length, TRUE);
      pair->value = percent_decode(query + at + value_at, length - value_at, TRUE);
      g_ptr_array_add(pairs, pair);
    }
    at += length + 1;
  }
  g_ptr_array_sort(pairs, compare_pairs);
  return pairs;
}

static void append_canonical_query(GString *out, const char *url)
{
  g_autoptr(GPtrArray) pairs = query_pairs(url);
  for (guint i = 0; i < pairs->len; i++) {
    const QueryPair *pair = pairs->pdata[i];
    if (i > 0)
      g_string_append_c(out, '&');
    append_encoded(out, pair->name, FALSE);
    g_string_append_c(out, '=');
    append_encoded(out, pair->value, FALSE);
  }
}

static gint compare_headers(gconstpointer left, gconstpointer right)
{
  const EvsHeader *a = *(const EvsHeader *const *)left, *b = *(const EvsHeader *const *)right;
  return g_ascii_strcasecmp(a->name, b->name);
}

static GPtrArray *sorted_headers(const EvsHeader *headers)
{
  GPtrArray *sorted = g_ptr_array_new();
  for (const EvsHeader *header = headers; header->name; header++)
    g_ptr_array_add(sorted, (gpointer)header);
  g_ptr_array_sort(sorted, compare_headers);
  return sorted;
}

static const char *header_value(const EvsHeader *headers, const char *name)
{
  for (const EvsHeader *header = headers; header->name; header++)
    if (g_ascii_strcasecmp(header->name, name) == 0)
      return header->value;
  return NULL;
}

static char *signed_names(GPtrArray *headers)
{
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < headers->len; i++) {
    const EvsHeader *header = headers->pdata[i];
    g_autofree char *name = g_ascii_strdown(header->name, -1);
    g_string_append_printf(out, "%s%s", i > 0 ? ";" : "", name);
  }
  return g_string_free(out, FALSE);
}

static void append_headers(GString *out, GPtrArray *headers)
{
  for (guint i = 0; i < headers->len; i++) {
    const EvsHeader *header = headers->pdata[i];
    g_autofree char *name = g_ascii_strdown(header->name, -1);
    g_autofree char *value = g_strstrip(g_strdup(header->value));
    g_string_append_printf(out, "%s:%s\n", name, value);
  }
}

static char *canonical_request(const EvsSignRequest *request, GPtrArray *headers, const char *names)
{
  g_autofree char *method = g_ascii_strup(request->method, -1);
  const char *given_hash = header_value(request->headers, "x-sdk-content-sha256");
  g_autofree char *hash = given_hash
                            ? g_strdup(given_hash)
                            : g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)request->body,
                                                          request->body ? request->body_length : 0);
  GString *out = g_string_new(method);
  g_string_append_c(out, '\n');
  append_canonical_path(out, request->url);
  g_string_append_c(out, '\n');
  append_canonical_query(out, request->url);
  g_string_append_c(out, '\n');
  append_headers(out, headers);
  g_string_append_printf(out, "\n%s\n%s", names, hash);
  return g_string_free(out, FALSE);
}

void evs_sign(const EvsSignRequest *request, EvsSignature *ret_signature)
{
  g_autoptr(GPtrArray) headers = sorted_headers(request->headers);
  g_autofree char *names = signed_names(headers);
  const char *given_date = header_value(request->headers, "x-sdk-date");
  g_autofree char *date = g_strstrip(g_strdup(given_date ? given_date : ""));
  char *canonical = canonical_request(request, headers, names);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, canonical, -1);
  char *to_sign = g_strdup_printf("SDK-HMAC-SHA256\n%s\n%s", date, hash);
  g_autofree char *signature = g_compute_hmac_for_string(
    G_CHECKSUM_SHA256, (const guchar *)request->secret_key, strlen(request->secret_key), to_sign, -1);
  *ret_signature = (EvsSignature){
    .canonical_request = canonical,
    .string_to_sign = to_sign,
    .authorization = g_strdup_printf("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s",
                                     request->access_key, names, signature),
  };
}

void evs_signature_clear(EvsSignature *signature)
{
  g_clear_pointer(&signature->canonical_request, g_free);
  g_clear_pointer(&signature->string_to_sign, g_free);
  g_clear_pointer(&signature->authorization, g_free);
}

char *evs_sign_date(gint64 wall_us)
{
  time_t seconds = wall_us / G_USEC_PER_SEC;
  struct tm utc;
  gmtime_r(&seconds, &utc);
  return g_strdup_printf("%04d%02d%02dT%02d%02d%02dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                         utc.tm_hour, utc.tm_min, utc.tm_sec);
}
