#include "evsctl/secret_filter.h"

#include "evsclient/ini.h"
#include "evsclient/sign.h"

#include <string.h>

#define HIDDEN "***"

enum { MIN_KNOWN = 4 }; /* shorter values would take half of the text away */

#define SECRET_WORD                                                                                          \
  "(?:pass(?:word|wd|phrase)|secret|token|auth[_-]?key|credential|private[_-]?key|api[_-]?key|access[_-]?"   \
  "key|"                                                                                                     \
  "client[_-]?key|signing[_-]?key|signature)"
#define NAME "[A-Za-z0-9_./-]*" SECRET_WORD "[A-Za-z0-9_./-]*"
#define HEADER "(?:proxy-)?authorization|x-auth-token|x-subject-token|x-security-token|(?:set-)?cookie"

static const struct {
  const char *pattern, *replacement;
} rules[] = {
  {"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \\1PRIVATE KEY-----|\\z)", HIDDEN},
  /* "secrets": {...} */
  {"(" NAME "[\\\\\"']*\\s*[:=]\\s*)\\{[^{}]*+\\}", "\\1{\"" HIDDEN "\":\"\"}"},
  /* header: everything behind it, up to the end of the line or of the string */
  {"((?:" HEADER ")[\\\\\"']*\\s*[:=]\\s*[\\\\\"']*)[^\\r\\n\"]*+", "\\1" HIDDEN},
  /* \"name\":\"value\" within a JSON string */
  {"(" NAME "\\\\+\"\\s*:\\s*\\\\+\").*?(\\\\+\")", "\\1" HIDDEN "\\2"},
  /* "name": "value", name="value" */
  {"(" NAME "[\"']?\\s*[:=]\\s*\")(?:[^\"\\\\]++|\\\\.)*+(?:\"|\\z)", "\\1" HIDDEN "\""},
  {"(" NAME "[\"']?\\s*[:=]\\s*')[^']*+'", "\\1" HIDDEN "'"},
  /* name=value, name: value, "name": 5 */
  {"(" NAME "[\"']?\\s*[:=]\\s*)(?![\"'{\\[\\\\*])[^\\s,;&}\\]\"']++", "\\1" HIDDEN},
  {"([a-z][a-z0-9+.-]*://)[^/\\s@\"]++@", "\\1" HIDDEN "@"},
  {"eyJ[A-Za-z0-9_-]{8,}+\\.[A-Za-z0-9_-]{8,}+\\.[A-Za-z0-9_-]*+", HIDDEN},
  {"gAAAAA[A-Za-z0-9_=-]{16,}+", HIDDEN},
  {"\\bMII[A-Za-z0-9+/=_-]{60,}+", HIDDEN},
};

struct SecretFilter {
  GPtrArray *known; /* of char *, wiped when freed */
  GRegex *patterns[G_N_ELEMENTS(rules)];
};

static void wipe(gpointer secret)
{
  secret_free(secret);
}

/* In the forms in which it may turn up. */
static void know(SecretFilter *filter, const char *secret)
{
  if (!secret || strlen(secret) < MIN_KNOWN)
    return;
  g_ptr_array_add(filter->known, g_strdup(secret));
  g_ptr_array_add(filter->known, evs_percent_encode(secret));
  g_ptr_array_add(filter->known, g_base64_encode((const guchar *)secret, strlen(secret)));
}

SecretFilter *secret_filter_new(const EvsConfig *config)
{
  SecretFilter *filter = g_new0(SecretFilter, 1);
  filter->known = g_ptr_array_new_with_free_func(wipe);
  if (config) {
    know(filter, config->secret_key);
    know(filter, config->security_token);
    know(filter, config->password);
    know(filter, config->proxy);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_autoptr(GError) error = NULL;
    filter->patterns[i] =
      g_regex_new(rules[i].pattern, G_REGEX_CASELESS | G_REGEX_DOTALL | G_REGEX_OPTIMIZE, 0, &error);
    if (!filter->patterns[i])
      g_error("secret filter, rule %zu: %s", i, error->message);
  }
  return filter;
}

void secret_filter_free(SecretFilter *filter)
{
  if (!filter)
    return;
  g_ptr_array_unref(filter->known);
  for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
    g_regex_unref(filter->patterns[i]);
  g_free(filter);
}

static char *hide_known(const SecretFilter *filter, const char *text)
{
  char *shown = g_strdup(text);
  for (guint i = 0; i < filter->known->len; i++) {
    if (!strstr(shown, filter->known->pdata[i]))
      continue;
    g_auto(GStrv) parts = g_strsplit(shown, filter->known->pdata[i], -1);
    secret_free(shown);
    shown = g_strjoinv(HIDDEN, parts);
  }
  return shown;
}

char *secret_filter_apply(const SecretFilter *filter, const char *text, gsize length)
{
  g_autofree char *valid = g_utf8_make_valid(text, (gssize)length);
  char *shown = hide_known(filter, valid);
  for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_autoptr(GError) error = NULL;
    char *next = g_regex_replace(filter->patterns[i], shown, -1, 0, rules[i].replacement, 0, &error);
    secret_free(shown);
    if (!next)
      return g_strdup_printf("(left out: it could not be searched for secrets: %s)\n", error->message);
    shown = next;
  }
  return shown;
}
