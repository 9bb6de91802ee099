/* evsctl support-bundle: what this machine and the plugins' pages tell. */
#include "base/text.h"
#include "evsclient/http.h"
#include "evsctl/bundle.h"
#include "evsctl/page.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MAX_OS_RELEASE = 64 << 10, MAX_LABEL = 40 };

void bundle_add_versions(Bundle *bundle)
{
  struct utsname host = {0};
  g_autofree char *release = NULL;
  json_t *versions = json_object();
  (void)uname(&host);
  (void)text_read_file("/etc/os-release", MAX_OS_RELEASE, &release, NULL, NULL);
  evs_json_set_text(versions, "evsctl", EVS_VERSION);
  evs_json_set_text(versions, "libcurl", curl_version());
  evs_json_set_text(versions, "jansson", JANSSON_VERSION);
  json_object_set_new(versions, "glib",
                      json_sprintf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version));
  evs_json_set_text(versions, "kernel", host.release);
  evs_json_set_text(versions, "machine", host.machine);
  evs_json_set_text(versions, "os_release", release ? release : "");
  bundle_add_json(bundle, "versions.json", "this evsctl, its libraries, the system it ran on", versions);
}

/* ---- cloud-config: from what was read, never from the file's text ---- */

static void put(GString *text, const char *key, const char *value)
{
  if (value)
    g_string_append_printf(text, "%s = %s\n", key, value);
}

static void put_secret(GString *text, const char *key, const char *value)
{
  if (value)
    g_string_append_printf(text, "# %s is set, %zu characters\n", key, strlen(value));
}

void bundle_add_config(Bundle *bundle)
{
  g_autoptr(GError) error = NULL;
  const EvsConfig *config = session_config(bundle->session, &error);
  if (!config) {
    bundle_note_problem(bundle, "cloud-config", error);
    return;
  }
  static const char *const auths[] = {
    [EVS_AUTH_AKSK] = "aksk", [EVS_AUTH_PASSWORD] = "password", [EVS_AUTH_AGENCY] = "agency"};
  g_autoptr(GString) text = g_string_new("[Global]\n");
  put(text, "auth", auths[config->auth]);
  put(text, "region", config->region);
  put(text, "cloud", config->cloud);
  put(text, "project-id", config->project_id);
  put(text, "project-name", config->project_name);
  put(text, "domain-name", config->domain_name);
  put_secret(text, "access-key", config->access_key);
  put_secret(text, "secret-key", config->secret_key);
  put_secret(text, "security-token", config->security_token);
  put_secret(text, "user-name", config->user_name);
  put_secret(text, "password", config->password);
  put_secret(text, "proxy", config->proxy);
  put(text, "endpoint-evs", config->endpoint_evs);
  put(text, "endpoint-ecs", config->endpoint_ecs);
  put(text, "endpoint-iam", config->endpoint_iam);
  put(text, "metadata-url", config->metadata_url);
  put(text, "ca-file", config->ca_file);
  put(text, "enterprise-project-id", config->enterprise_project_id);
  put(text, "insecure", config->insecure ? "true" : NULL);
  put(text, "allow-http", config->allow_http ? "true" : NULL);
  bundle_add_text(bundle, "cloud-config.txt", "cloud-config without its secrets", text->str, text->len);
}

/* ---- logs ---- */

/* The last BUNDLE_MAX_LOG bytes, from the first whole line on. */
static gboolean read_end(const char *path, char **ret_text, gsize *ret_length, GError **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    evs_error_set_errno(error, EVS_CODE_NOT_FOUND, errno, "cannot read '%s'", path);
    if (fd >= 0)
      close(fd);
    return FALSE;
  }
  off_t start = S_ISREG(status.st_mode) ? MAX(0, status.st_size - BUNDLE_MAX_LOG) : 0;
  char *text = g_malloc(BUNDLE_MAX_LOG + 1);
  gsize length = 0;
  if (start > 0)
    (void)lseek(fd, start, SEEK_SET);
  for (ssize_t got = 1; got > 0 && length < BUNDLE_MAX_LOG; length += (gsize)MAX(got, 0))
    got = read(fd, text + length, BUNDLE_MAX_LOG - length);
  close(fd);
  text[length] = '\0';
  const char *line = start > 0 ? memchr(text, '\n', length) : NULL;
  gsize skipped = line ? (gsize)(line + 1 - text) : 0;
  memmove(text, text + skipped, length - skipped + 1);
  *ret_text = text;
  *ret_length = length - skipped;
  return TRUE;
}

/* What may stand in a name of the archive. */
static char *label_of(const char *text)
{
  char *label = g_strndup(text, MAX_LABEL);
  for (char *at = label; *at; at++) {
    if (!g_ascii_isalnum(*at) && *at != '.' && *at != '-' && *at != '_')
      *at = '_';
  }
  return label;
}

void bundle_add_logs(Bundle *bundle)
{
  for (guint i = 0; bundle->logs && i < bundle->logs->len; i++) {
    const char *path = bundle->logs->pdata[i];
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL, *base = g_path_get_basename(path), *label = label_of(base);
    g_autofree char *name = g_strdup_printf("logs/%u-%s", i + 1, label);
    gsize length = 0;
    if (read_end(path, &text, &length, &error))
      bundle_add_text(bundle, name, path, text, length);
    else
      bundle_note_problem(bundle, "log", error);
  }
}

/* ---- pages of controllers and nodes ---- */

static void add_page(Bundle *bundle, const char *source, guint number, const char *page, const char *file)
{
  g_autoptr(GError) error = NULL;
  const EvsContext *context = session_context(bundle->session);
  int status = 0;
  g_autofree char *text = page_fetch_below(source, page, context, &status, &error);
  if (!text) {
    bundle_note_problem(bundle, source, error);
    return;
  }
  g_autofree char *label = label_of(source + strlen("http://"));
  g_autofree char *name = g_strdup_printf("pages/%u-%s/%s", number, label, file);
  g_autofree char *what = g_strdup_printf("%s of %s (status %d)", page, source, status);
  bundle_add_text(bundle, name, what, text, strlen(text));
}

void bundle_add_pages(Bundle *bundle)
{
  static const struct {
    const char *page, *file;
  } pages[] = {{"/healthz", "healthz.txt"},
               {"/readyz", "readyz.txt"},
               {"/debug/pending", "pending.json"},
               {"/metrics", "metrics.txt"}};
  for (guint i = 0; bundle->sources && i < bundle->sources->len; i++) {
    for (gsize page = 0; page < G_N_ELEMENTS(pages); page++)
      add_page(bundle, bundle->sources->pdata[i], i + 1, pages[page].page, pages[page].file);
  }
}
