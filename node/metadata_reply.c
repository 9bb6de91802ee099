#include "node/metadata_reply.h"

#include "base/error.h"
#include "base/text.h"

enum { MAX_VALUE = 255, MAX_MEMBERS = 32 };

void metadata_reply_clear(MetadataReply *reply)
{
  g_clear_pointer(&reply->node_id, g_free);
  g_clear_pointer(&reply->zone, g_free);
}

static void skip_blanks(const char **at)
{
  while (g_ascii_isspace(**at))
    (*at)++;
}

static gboolean take_char(const char **at, char expected)
{
  skip_blanks(at);
  if (**at != expected)
    return FALSE;
  (*at)++;
  return TRUE;
}

static char *take_string(const char **at)
{
  if (!take_char(at, '"'))
    return NULL;
  gsize length = strcspn(*at, "\"\\");
  if ((*at)[length] != '"')
    return NULL;
  g_autofree char *value = g_strndup(*at, length);
  *at += length + 1;
  return text_is_label(value, MAX_VALUE) ? g_steal_pointer(&value) : NULL;
}

static gboolean take_member(const char **at, MetadataReply *reply)
{
  g_autofree char *key = take_string(at);
  g_autofree char *value = key && take_char(at, ':') ? take_string(at) : NULL;
  if (!value)
    return FALSE;
  char **member = g_str_equal(key, "node_id") ? &reply->node_id
                  : g_str_equal(key, "zone")  ? &reply->zone
                                              : NULL;
  if (member) {
    g_free(*member);
    *member = g_steal_pointer(&value);
  }
  return TRUE;
}

gboolean metadata_reply_parse(const char *text, MetadataReply *ret_reply, GError **error)
{
  g_auto(MetadataReply) reply = {0};
  const char *at = text;
  gboolean good = take_char(&at, '{');
  for (int i = 0; good && i < MAX_MEMBERS; i++) {
    good = take_member(&at, &reply);
    if (!take_char(&at, ','))
      break;
  }
  good = good && take_char(&at, '}');
  skip_blanks(&at);
  if (!good || *at || !reply.node_id || !reply.zone)
    return evs_error_set(error, EVS_CODE_UNAVAILABLE,
                         "the metadata helper's answer has no plain node_id and zone");
  *ret_reply = reply;
  reply = (MetadataReply){0};
  return TRUE;
}
