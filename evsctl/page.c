#include "evsctl/page.h"

#include "evsclient/http.h"

enum { PAGE_MS = 15 * 1000 };

char *page_fetch(const char *url, const EvsContext *context, int *ret_status, GError **error)
{
  if (!g_str_has_prefix(url, "http://")) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s': http://HOST:PORT is expected", url);
    return NULL;
  }
  EvsHttp *http = evs_http_new();
  const EvsConfig config = {.allow_http = TRUE};
  const EvsHttpRequest request = {.method = "GET",
                                  .url = url,
                                  .abandonable = TRUE,
                                  .no_proxy = TRUE,
                                  .total_ms = PAGE_MS,
                                  .config = &config};
  g_auto(EvsHttpResponse) response = {0};
  gboolean ok = evs_http_perform(http, context, &request, &response, error);
  if (ok && ret_status)
    *ret_status = response.status;
  else if (ok && response.status != 200)
    ok =
      evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "'%s' answers with status %d", url, response.status);
  char *text = ok ? g_strndup(response.body->str, response.body->len) : NULL;
  evs_http_free(http);
  return text;
}

char *page_fetch_below(const char *base, const char *path, const EvsContext *context, int *ret_status,
                       GError **error)
{
  gsize length = strlen(base);
  while (length > 0 && base[length - 1] == '/')
    length--;
  g_autofree char *url = g_strdup_printf("%.*s%s", (int)length, base, path);
  return page_fetch(url, context, ret_status, error);
}
