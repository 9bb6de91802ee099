#include "tests/integration/coverage.h"

#include "evsclient/operations.h"

static gboolean went_well(const json_t *row)
{
  const char *status;
  json_t *count;
  json_object_foreach(json_object_get(row, "status"), status, count)
  {
    if (status[0] == '2' || g_str_equal(status, "300"))
      return TRUE;
  }
  return FALSE;
}

void coverage_assert_all(const Sim *sim, const char *who)
{
  json_t *stats = sim_get(sim, "/_sim/stats");
  const json_t *calls = json_object_get(stats, "calls");
  g_autoptr(GString) absent = g_string_new(NULL);
  g_autoptr(GString) refused = g_string_new(NULL);
  guint all = 0, arrived = 0;
  for (gsize op = 0; op < EVS_OP_COUNT; op++) {
    const char *id = evs_operations[op].id;
    if (!g_ascii_isdigit(id[0])) /* newer than the reference, or of another service */
      continue;
    const json_t *row = json_object_get(calls, id);
    gboolean here = json_integer_value(json_object_get(row, "total")) > 0;
    all++;
    arrived += here;
    if (!here)
      g_string_append_printf(absent, " %s", id);
    else if (!went_well(row))
      g_string_append_printf(refused, " %s", id);
  }
  json_decref(stats);
  printf("%s %u/%u\n", who, arrived, all);
  if (absent->len || refused->len)
    fail_msg("never arrived:%s; never went well:%s", absent->str, refused->str);
}
