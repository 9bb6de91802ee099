#include "rpc/feature_gates.h"

#include "base/error.h"

enum { GATES_MAX = 16, GATE_TEXT_MAX = 64 };

typedef struct {
  const char *name;
  gsize offset;
} Gate;

static const Gate gates[] = {
  {"VolumeHealth", G_STRUCT_OFFSET(FeatureGates, volume_health)},
  {"SnapshotTopology", G_STRUCT_OFFSET(FeatureGates, snapshot_topology)},
};

static gboolean refuse(const char *part, const char *why, GError **error)
{
  GString *names = g_string_new(NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(gates); i++)
    g_string_append_printf(names, "%s%s", i ? ", " : "", gates[i].name);
  evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                "option '--" FEATURE_GATES_OPTION
                "': '%.*s' %s; accepted: NAME=true or NAME=false joined by commas, NAME one of %s",
                GATE_TEXT_MAX, part, why, names->str);
  g_string_free(names, TRUE);
  return FALSE;
}

/* "true" or "false" and nothing else: a mistyped value must not switch anything. */
static gboolean parse_switch(const char *text, gboolean *ret_on)
{
  *ret_on = g_str_equal(text, "true");
  return *ret_on || g_str_equal(text, "false");
}

static gboolean parse_part(const char *part, FeatureGates *into, guint *seen, GError **error)
{
  g_auto(GStrv) sides = g_strsplit(part, "=", 2);
  if (g_strv_length(sides) != 2)
    return refuse(part, "is no NAME=VALUE", error);
  for (gsize i = 0; i < G_N_ELEMENTS(gates); i++) {
    if (!g_str_equal(sides[0], gates[i].name))
      continue;
    if (*seen & (1U << i))
      return refuse(part, "names a gate a second time", error);
    *seen |= 1U << i;
    gboolean on;
    if (!parse_switch(sides[1], &on))
      return refuse(part, "has no valid value", error);
    *(gboolean *)((char *)into + gates[i].offset) = on;
    return TRUE;
  }
  return refuse(part, "names no gate", error);
}

gboolean feature_gates_parse(const char *text, FeatureGates *ret_gates, GError **error)
{
  FeatureGates parsed = {0};
  guint seen = 0;
  g_auto(GStrv) parts = g_strsplit(text ? text : "", ",", GATES_MAX);
  for (char **part = parts; *part; part++)
    if (!parse_part(g_strstrip(*part), &parsed, &seen, error))
      return FALSE;
  *ret_gates = parsed;
  return TRUE;
}

gboolean feature_gate_volume_health(const FeatureGates *set)
{
  return set->volume_health;
}

gboolean feature_gate_snapshot_topology(const FeatureGates *set)
{
  return set->snapshot_topology;
}
