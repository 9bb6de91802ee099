#include "tests/unit/evsclient_caller.h"

Caller caller_of(void **state)
{
  Fixture *fixture = *state;
  return (Caller){fixture, fixture->client, fixture_within_ms(5000)};
}

void assert_sent(Caller *caller, const char *line, const char *body)
{
  g_autofree char *request = http_script_last(caller->fixture->script, "");
  g_autofree char *head = g_strconcat(line, " HTTP/1.1\r\n", NULL);
  assert_non_null(request);
  if (!g_str_has_prefix(request, head))
    fail_msg("expected %s, sent %.200s", line, request);
  assert_string_equal(strstr(request, "\r\n\r\n") + 4, body);
}

void answer_all(Caller *caller, int status, const char *body)
{
  http_script_clear(caller->fixture->script);
  http_script_add(caller->fixture->script, (ScriptRule){.match = "", .status = status, .body = body});
}
