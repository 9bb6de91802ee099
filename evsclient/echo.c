#include "evsclient/echo.h"

static const char mask[] = "***";

static void mask_secret(GString *body, const char *secret)
{
  if (!secret || strlen(secret) < ECHO_MIN_SECRET)
    return;
  g_string_replace(body, secret, mask, 0);
  if (!strchr(secret, '/'))
    return;
  g_auto(GStrv) parts = g_strsplit(secret, "/", -1);
  char *escaped = g_strjoinv("\\/", parts);
  g_string_replace(body, escaped, mask, 0);
  explicit_bzero(escaped, strlen(escaped));
  g_free(escaped);
  for (guint i = 0; parts[i]; i++)
    explicit_bzero(parts[i], strlen(parts[i]));
}

/* "Name: value" */
static const char *secret_value(const char *header)
{
  static const char *const names[] = {"Authorization", "X-Auth-Token", "X-Security-Token", "X-Subject-Token",
                                      "X-Metadata-Token"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    gsize length = strlen(names[i]);
    if (g_ascii_strncasecmp(header, names[i], length) == 0 && strncmp(header + length, ": ", 2) == 0)
      return header + length + 2;
  }
  return NULL;
}

void evs_echo_mask(const EvsHttpRequest *request, GString *body)
{
  for (const struct curl_slist *header = request->headers; header; header = header->next)
    mask_secret(body, secret_value(header->data));
  const EvsConfig *config = request->config;
  if (!config)
    return;
  const char *const secrets[] = {config->secret_key, config->security_token, config->password,
                                 config->access_key};
  for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
    mask_secret(body, secrets[i]);
}
