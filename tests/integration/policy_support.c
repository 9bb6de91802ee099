#include "tests/integration/policy_support.h"

#include "tests/harness/harness.h"

#include <jansson.h>

enum { MAX_ACTIONS = 64 };

char **policy_read(const char *name)
{
  g_autofree char *path = g_build_filename(EVS_SOURCE_DIR, "deploy", name, NULL);
  json_error_t error;
  json_t *policy = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (!policy)
    fail_msg("%s:%d: %s", error.source, error.line, error.text);
  assert_string_equal(json_string_value(json_object_get(policy, "Version")), "1.1");
  g_autoptr(GPtrArray) actions = g_ptr_array_new();
  gsize i, j;
  json_t *statement, *action;
  json_array_foreach(json_object_get(policy, "Statement"), i, statement)
  {
    assert_string_equal(json_string_value(json_object_get(statement, "Effect")), "Allow");
    json_array_foreach(json_object_get(statement, "Action"), j, action)
    {
      assert_null(strchr(json_string_value(action), '*'));
      g_ptr_array_add(actions, g_strdup(json_string_value(action)));
    }
  }
  assert_in_range(actions->len, 1, MAX_ACTIONS);
  g_ptr_array_add(actions, NULL);
  json_decref(policy);
  return (char **)g_ptr_array_free(g_steal_pointer(&actions), FALSE);
}

static void append_actions(json_t *list, char **actions, guint without)
{
  for (guint i = 0; actions && actions[i]; i++)
    if (i != without)
      json_array_append_new(list, json_string(actions[i]));
}

char *policy_users(char **always, char **actions)
{
  json_t *users = json_array();
  for (guint user = 0; user <= g_strv_length(actions); user++) {
    g_autofree char *name = g_strdup_printf("u%u", user), *key = g_strdup_printf("AK%u", user);
    json_t *list = json_array();
    append_actions(list, always, G_MAXUINT);
    append_actions(list, actions, user);
    json_array_append_new(users, json_pack("{s:s, s:s, s:[{s:s, s:s}], s:o}", "name", name, "password", "pw",
                                           "keys", "ak", key, "sk", "SK", "actions", list));
  }
  char *text = json_dumps(users, JSON_COMPACT), *copy = g_strdup(text);
  free(text);
  json_decref(users);
  return copy;
}
