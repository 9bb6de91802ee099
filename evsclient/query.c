#include "evsclient/query.h"

#include "evsclient/sign.h"

void evs_query_add(GString *query, const char *name, const char *value)
{
  if (!value)
    return;
  g_autofree char *encoded = evs_percent_encode(value);
  g_string_append_printf(query, "%s%s=%s", query->len > 0 ? "&" : "", name, encoded);
}

void evs_query_add_int(GString *query, const char *name, gint64 value)
{
  if (value <= 0)
    return;
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
  evs_query_add(query, name, text);
}
