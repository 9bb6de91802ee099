#include "evsclient/config.h"

#include "base/error.h"
#include "base/text.h"
#include "evsclient/ini.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>

enum { MAX_FILE_BYTES = 1 << 20, MAX_LABEL = 253, PROJECT_ID_DIGITS = 32 };

#define DEFAULT_CLOUD "myhuaweicloud.com"
#define DEFAULT_METADATA_URL "http://169.254.169.254"

typedef enum { KEY_TEXT, KEY_SECRET, KEY_FLAG, KEY_AUTH, KEY_AUTH_URL, KEY_IGNORED } KeyKind;

typedef struct {
  const char *name;
  KeyKind kind;
  gsize offset;
} ConfigKey;

static const ConfigKey keys[] = {
  {"region", KEY_TEXT, offsetof(EvsConfig, region)},
  {"cloud", KEY_TEXT, offsetof(EvsConfig, cloud)},
  {"access-key", KEY_TEXT, offsetof(EvsConfig, access_key)},
  {"secret-key", KEY_SECRET, offsetof(EvsConfig, secret_key)},
  {"security-token", KEY_SECRET, offsetof(EvsConfig, security_token)},
  {"project-id", KEY_TEXT, offsetof(EvsConfig, project_id)},
  {"project-name", KEY_TEXT, offsetof(EvsConfig, project_name)},
  {"auth", KEY_AUTH, offsetof(EvsConfig, auth)},
  {"auth-url", KEY_AUTH_URL, 0},
  {"user-name", KEY_TEXT, offsetof(EvsConfig, user_name)},
  {"password", KEY_SECRET, offsetof(EvsConfig, password)},
  {"domain-name", KEY_TEXT, offsetof(EvsConfig, domain_name)},
  {"endpoint-evs", KEY_TEXT, offsetof(EvsConfig, endpoint_evs)},
  {"endpoint-ecs", KEY_TEXT, offsetof(EvsConfig, endpoint_ecs)},
  {"endpoint-iam", KEY_TEXT, offsetof(EvsConfig, endpoint_iam)},
  {"metadata-url", KEY_TEXT, offsetof(EvsConfig, metadata_url)},
  {"ca-file", KEY_TEXT, offsetof(EvsConfig, ca_file)},
  {"proxy", KEY_SECRET, offsetof(EvsConfig, proxy)}, /* may hold a password */
  {"enterprise-project-id", KEY_TEXT, offsetof(EvsConfig, enterprise_project_id)},
  {"insecure", KEY_FLAG, offsetof(EvsConfig, insecure)},
  {"allow-http", KEY_FLAG, offsetof(EvsConfig, allow_http)},
  {"idc", KEY_IGNORED, 0},
};

typedef struct {
  EvsConfig *config;
  const char *name;
  char *auth_url;
  gboolean seen[G_N_ELEMENTS(keys)];
} Loader;

static char **text_member(EvsConfig *config, const ConfigKey *key)
{
  return (char **)((char *)config + key->offset);
}

static gboolean is_text(const ConfigKey *key)
{
  return key->kind == KEY_TEXT || key->kind == KEY_SECRET;
}

static const ConfigKey *key_find(const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    if (g_ascii_strcasecmp(keys[i].name, name) == 0)
      return &keys[i];
  return NULL;
}

static char *known_keys(void)
{
  GString *out = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", keys[i].name);
  return g_string_free(out, FALSE);
}

static gboolean parse_auth(const char *value, EvsAuth *ret_auth)
{
  static const char *const names[] = {"aksk", "password", "agency"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    if (g_ascii_strcasecmp(value, names[i]) == 0) {
      *ret_auth = (EvsAuth)i;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean store(Loader *loader, guint line, const ConfigKey *key, const char *value, GError **error)
{
  const char *accepted = NULL;
  switch (key->kind) {
  case KEY_TEXT:
  case KEY_SECRET:
    if (!text_is_printable(value))
      accepted = "text without control characters";
    else if (*value)
      *text_member(loader->config, key) = g_strdup(value);
    break;
  case KEY_FLAG:
    if (*value && !text_parse_bool(value, (gboolean *)((char *)loader->config + key->offset)))
      accepted = "true or false";
    break;
  case KEY_AUTH:
    if (*value && !parse_auth(value, &loader->config->auth))
      accepted = "aksk, password or agency";
    break;
  case KEY_AUTH_URL:
    loader->auth_url = *value ? g_strdup(value) : NULL;
    break;
  case KEY_IGNORED:
    break;
  }
  if (accepted)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' line %u: '%s' must be %s", loader->name,
                         line, key->name, accepted);
  return TRUE;
}

static gboolean handle_key(void *data, guint line, const char *section, const char *name, const char *value,
                           GError **error)
{
  Loader *loader = data;
  if (g_ascii_strcasecmp(section, "Vpc") == 0)
    return TRUE;
  if (g_ascii_strcasecmp(section, "Global") != 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'%s' line %u: unknown section '%s', accepted are Global and Vpc", loader->name,
                         line, section);
  const ConfigKey *key = key_find(name);
  if (!key) {
    g_autofree char *known = known_keys();
    g_autofree char *printable = g_utf8_make_valid(name, -1);
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' line %u: unknown key '%s', accepted are %s",
                         loader->name, line, printable, known);
  }
  if (loader->seen[key - keys])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' line %u: '%s' is given twice", loader->name,
                         line, key->name);
  loader->seen[key - keys] = TRUE;
  return store(loader, line, key, value, error);
}

/* The host is an address (not a name) within prefix/bits. */
static gboolean is_in_network(const char *host, guint32 prefix, guint bits)
{
  struct in_addr address;
  return inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) ^ prefix) >> (32 - bits) == 0;
}

static gboolean is_loopback(const char *host)
{
  return g_ascii_strcasecmp(host, "localhost") == 0 || g_str_equal(host, "::1") ||
         is_in_network(host, 127u << 24, 8);
}

/* Traffic to it leaves no host. */
static gboolean is_link_local(const char *host)
{
  return is_in_network(host, 169u << 24 | 254u << 16, 16);
}

/* Scheme, host, optional port and path, nothing else; no trailing slash is left. */
static gboolean check_url(const Loader *loader, const char *key, char **url, GError **error)
{
  g_autoptr(GUri) uri = g_uri_parse(*url, G_URI_FLAGS_NONE, NULL);
  const char *scheme = uri ? g_uri_get_scheme(uri) : "", *host = uri ? g_uri_get_host(uri) : NULL;
  gboolean http = g_str_equal(scheme, "http");
  if (!host || !*host || (!http && !g_str_equal(scheme, "https")) || g_uri_get_userinfo(uri) ||
      g_uri_get_query(uri) || g_uri_get_fragment(uri))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'%s': '%s' must be a URL such as https://host[:port][/path]", loader->name, key);
  if (http && !loader->config->allow_http && !is_loopback(host) && !is_link_local(host))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'%s': '%s' is plain http to another host: use https or set allow-http = true",
                         loader->name, key);
  for (gsize length = strlen(*url); length > 0 && (*url)[length - 1] == '/'; length--)
    (*url)[length - 1] = '\0';
  return TRUE;
}

static gboolean require(const Loader *loader, const char *key, const char *value, const char *why,
                        GError **error)
{
  if (value && *value)
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s': '%s' is missing in [Global]%s", loader->name,
                       key, why);
}

static gboolean check_credentials(const Loader *loader, GError **error)
{
  const EvsConfig *config = loader->config;
  switch (config->auth) {
  case EVS_AUTH_AKSK:
    return require(loader, "access-key", config->access_key, ", auth = aksk needs it", error) &&
           require(loader, "secret-key", config->secret_key, ", auth = aksk needs it", error);
  case EVS_AUTH_PASSWORD:
    return require(loader, "user-name", config->user_name, ", auth = password needs it", error) &&
           require(loader, "password", config->password, ", auth = password needs it", error) &&
           require(loader, "domain-name", config->domain_name, ", auth = password needs it", error);
  case EVS_AUTH_AGENCY:
    break;
  }
  return TRUE;
}

static gboolean is_project_id(const char *id)
{
  return strlen(id) == PROJECT_ID_DIGITS && strspn(id, "0123456789abcdefABCDEF") == PROJECT_ID_DIGITS;
}

static gboolean check_names(const Loader *loader, GError **error)
{
  const EvsConfig *config = loader->config;
  if (!text_is_label(config->region, MAX_LABEL) || !text_is_label(config->cloud, MAX_LABEL))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'%s': '%s' must be letters, digits, '.', '_' and '-'", loader->name,
                         text_is_label(config->region, MAX_LABEL) ? "cloud" : "region");
  if (config->project_id && !is_project_id(config->project_id))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s': 'project-id' must be 32 hexadecimal digits",
                         loader->name);
  /* Goes into a header: one line of visible characters. */
  if (config->access_key && strspn(config->access_key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                                       "0123456789._-") != strlen(config->access_key))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'%s': 'access-key' must be letters, digits, '.', '_' and '-'", loader->name);
  return TRUE;
}

static gboolean check_transport(const Loader *loader, GError **error)
{
  const EvsConfig *config = loader->config;
  if (config->ca_file && access(config->ca_file, R_OK) != 0)
    return evs_error_set_errno(error, EVS_CODE_INVALID_ARGUMENT, errno, "'%s': 'ca-file' cannot be read",
                               loader->name);
  if (!config->proxy)
    return TRUE;
  g_autoptr(GUri) uri = g_uri_parse(config->proxy, G_URI_FLAGS_NONE, NULL);
  static const char *const schemes[] = {"http", "https", "socks5", "socks5h", NULL};
  if (uri && g_uri_get_host(uri) && g_strv_contains(schemes, g_uri_get_scheme(uri)))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "'%s': 'proxy' must be a URL with http, https, socks5 or socks5h", loader->name);
}

/* endpoint-iam is what stands before /v3 in auth-url. */
static void endpoint_from_auth_url(Loader *loader)
{
  char *url = g_steal_pointer(&loader->auth_url);
  while (url && g_str_has_suffix(url, "/"))
    url[strlen(url) - 1] = '\0';
  if (url && g_str_has_suffix(url, "/v3"))
    url[strlen(url) - 3] = '\0';
  if (url && !loader->config->endpoint_iam)
    loader->config->endpoint_iam = g_steal_pointer(&url);
  g_free(url);
}

static void fill_endpoint(char **endpoint, const char *service, const EvsConfig *config)
{
  if (!*endpoint)
    *endpoint = g_strdup_printf("https://%s.%s.%s", service, config->region, config->cloud);
}

static gboolean complete(Loader *loader, GError **error)
{
  EvsConfig *config = loader->config;
  gboolean iam_from_auth_url = loader->auth_url && !config->endpoint_iam;
  if (!config->cloud)
    config->cloud = g_strdup(DEFAULT_CLOUD);
  if (!config->metadata_url)
    config->metadata_url = g_strdup(DEFAULT_METADATA_URL);
  if (!require(loader, "region", config->region, "", error) || !check_names(loader, error) ||
      !check_credentials(loader, error))
    return FALSE;
  endpoint_from_auth_url(loader);
  fill_endpoint(&config->endpoint_evs, "evs", config);
  fill_endpoint(&config->endpoint_ecs, "ecs", config);
  fill_endpoint(&config->endpoint_iam, "iam", config);
  return check_url(loader, "endpoint-evs", &config->endpoint_evs, error) &&
         check_url(loader, "endpoint-ecs", &config->endpoint_ecs, error) &&
         check_url(loader, iam_from_auth_url ? "auth-url" : "endpoint-iam", &config->endpoint_iam, error) &&
         check_url(loader, "metadata-url", &config->metadata_url, error) && check_transport(loader, error);
}

EvsConfig *evs_config_parse(const char *text, const char *name_for_errors, GError **error)
{
  g_autoptr(EvsConfig) config = g_new0(EvsConfig, 1);
  Loader loader = {.config = config, .name = name_for_errors};
  gboolean ok = ini_parse(text, name_for_errors, handle_key, &loader, error) && complete(&loader, error);
  g_free(loader.auth_url);
  return ok ? g_steal_pointer(&config) : NULL;
}

EvsConfig *evs_config_load(const char *path, GError **error)
{
  char *text = NULL;
  gsize length = 0;
  if (!text_read_file(path, MAX_FILE_BYTES, &text, &length, error)) {
    g_prefix_error(error, "cloud-config: ");
    return NULL;
  }
  EvsConfig *config = NULL;
  if (strlen(text) != length)
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is no text: it holds a zero byte", path);
  else
    config = evs_config_parse(text, path, error);
  explicit_bzero(text, length);
  g_free(text);
  return config;
}

EvsConfig *evs_config_copy(const EvsConfig *config)
{
  EvsConfig *copy = g_new(EvsConfig, 1);
  *copy = *config;
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    if (is_text(&keys[i]))
      *text_member(copy, &keys[i]) = g_strdup(*text_member(copy, &keys[i]));
  return copy;
}

void evs_config_free(EvsConfig *config)
{
  if (!config)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    if (is_text(&keys[i]))
      secret_free(*text_member(config, &keys[i]));
  g_free(config);
}
