/* evsctl doctor: what each zone offers, and whether the nodes are in zones of this project. */
#include "base/text.h"
#include "evsclient/catalog.h"
#include "evsctl/doctor.h"
#include "evsctl/kubectl.h"
#include "evsctl/pv_manifest.h"

#include <stdio.h>

enum { MAX_TEXT = KUBECTL_MAX_OUTPUT };

#define KUBERNETES_ZONE "topology.kubernetes.io/zone"

static void check_offer(Doctor *doctor, const char *zone, GPtrArray *types)
{
  g_autofree char *check = g_strconcat("zone ", zone, NULL);
  g_autoptr(GString) offered = g_string_new(NULL), sold_out = g_string_new(NULL);
  for (guint i = 0; i < types->len; i++) {
    const EvsDiskType *type = types->pdata[i];
    EvsOffer offer = evs_disk_type_offer(types, type->name, zone);
    GString *list = offer == EVS_OFFER_YES ? offered : offer == EVS_OFFER_SOLD_OUT ? sold_out : NULL;
    if (list)
      g_string_append_printf(list, "%s%s", list->len ? ", " : "", type->name);
  }
  doctor_add(doctor, check, offered->len ? DOCTOR_OK : DOCTOR_WARN,
             g_strdup_printf("%s%s%s", offered->len ? offered->str : "no disk type is offered",
                             sold_out->len ? "; sold out: " : "", sold_out->str),
             "volumes cannot be created there: keep it out of allowedTopologies");
}

static gboolean has_zone(const GPtrArray *zones, const char *zone)
{
  for (guint i = 0; i < zones->len; i++) {
    if (g_str_equal(zones->pdata[i], zone))
      return TRUE;
  }
  return FALSE;
}

static void check_node_zone(Doctor *doctor, const GPtrArray *zones, const char *zone, const char *who)
{
  g_autofree char *check = g_strconcat("nodes in ", zone, NULL);
  gboolean is_there = has_zone(zones, zone);
  doctor_add(doctor, check, is_there ? DOCTOR_OK : DOCTOR_FAIL,
             is_there ? g_strdup_printf("%s: a zone of this project", who)
                      : g_strdup_printf("%s: no zone of this project has that name", who),
             "disks can be attached only in their own zone: check the nodes' zone labels, --zone of the node "
             "plugin, and "
             "region in cloud-config");
}

/* ---- nodes ---- */

static gboolean read_stdin(char **ret_text)
{
  g_autoptr(GString) text = g_string_new(NULL);
  char piece[65536];
  size_t length;
  while ((length = fread(piece, 1, sizeof piece, stdin)) > 0 && text->len <= MAX_TEXT)
    g_string_append_len(text, piece, (gssize)length);
  *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
  return TRUE;
}

static json_t *read_nodes(Doctor *doctor, GError **error)
{
  static const char *const arguments[] = {"get", "nodes", "-o", "json", NULL};
  g_autofree char *text = NULL;
  EvsContext context = doctor_context(doctor);
  gboolean ok = g_str_equal(doctor->nodes, "kubectl") ? kubectl_run(arguments, &context, &text, error)
                : g_str_equal(doctor->nodes, "-")
                  ? read_stdin(&text)
                  : text_read_file(doctor->nodes, MAX_TEXT, &text, NULL, error);
  json_t *nodes = ok ? evs_json_parse(text, strlen(text)) : NULL;
  if (ok && !json_is_array(json_object_get(nodes, "items"))) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "no list of nodes: what 'kubectl get nodes -o json' writes is expected");
    g_clear_pointer(&nodes, json_decref);
  }
  return nodes;
}

/* zone -> number of nodes in it; nodes without a zone are counted under "". */
static GHashTable *count_zones(const json_t *nodes)
{
  GHashTable *counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  gsize i;
  json_t *node;
  json_array_foreach(json_object_get(nodes, "items"), i, node)
  {
    const json_t *labels = json_object_get(json_object_get(node, "metadata"), "labels");
    g_autofree char *own = evs_json_text(labels, PV_TOPOLOGY_KEY),
                    *common = evs_json_text(labels, KUBERNETES_ZONE);
    const char *zone = own[0] ? own : common;
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, zone));
    g_hash_table_insert(counts, g_strdup(zone), GUINT_TO_POINTER(count + 1));
  }
  return counts;
}

static void check_nodes(Doctor *doctor, const GPtrArray *zones)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) nodes = read_nodes(doctor, &error);
  if (!nodes) {
    doctor_add_error(doctor, "nodes", DOCTOR_WARN, error, "give the zones by --zone instead");
    return;
  }
  g_autoptr(GHashTable) counts = count_zones(nodes);
  GHashTableIter iterator;
  gpointer zone, count;
  g_hash_table_iter_init(&iterator, counts);
  while (g_hash_table_iter_next(&iterator, &zone, &count)) {
    g_autofree char *who = g_strdup_printf("%u nodes", GPOINTER_TO_UINT(count));
    if (((const char *)zone)[0])
      check_node_zone(doctor, zones, zone, who);
    else
      doctor_add(doctor, "nodes without a zone", DOCTOR_WARN, g_strdup_printf("%s have no zone label", who),
                 "is evs-csi-node running on them? It tells the zone when it registers");
  }
}

void doctor_check_zones(Doctor *doctor)
{
  g_autoptr(GError) error = NULL;
  EvsClient *client = session_client(doctor->session, NULL);
  EvsContext context = doctor_context(doctor);
  g_autoptr(GPtrArray) zones = evs_zone_list(client, &context, &error);
  g_autoptr(GPtrArray) types = zones ? evs_disk_type_list(client, &context, &error) : NULL;
  if (!zones) {
    doctor_add_error(doctor, "zones", DOCTOR_WARN, error, NULL);
    return;
  }
  if (!types)
    doctor_add_error(doctor, "disk types", DOCTOR_WARN, error, NULL);
  for (guint i = 0; types && i < zones->len; i++)
    check_offer(doctor, zones->pdata[i], types);
  for (guint i = 0; doctor->zones && i < doctor->zones->len; i++)
    check_node_zone(doctor, zones, doctor->zones->pdata[i], "--zone");
  if (doctor->nodes)
    check_nodes(doctor, zones);
}
