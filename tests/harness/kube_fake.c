#include "tests/harness/kube_fake.h"

#include "base/text.h"
#include "base/thread.h"
#include "tests/harness/tls_files.h"

#include <jansson.h>

#define OTHER_TAINT "{\"key\":\"meddled\",\"effect\":\"NoSchedule\"}"

typedef struct {
  KubeFake shared;
  TlsFiles tls;
  char *account_dir, *port;
  Mutex lock;
  json_t *taints, *drivers;
  guint absent; /* reads of CSINode that still find nothing */
  guint meddle;
} OwnedFake;

static json_t *parse(const char *text)
{
  json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
  g_assert(value);
  return value;
}

static void write_file(const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(dir, name, NULL);
  g_assert(g_file_set_contents(path, text, -1, NULL));
}

KubeFake *kube_fake_start(const char *dir, gboolean expired)
{
  OwnedFake *fake = g_new0(OwnedFake, 1);
  fake->tls = tls_files_make(dir, "kube-", expired);
  fake->account_dir = g_build_filename(dir, "service-account", NULL);
  g_assert(g_mkdir_with_parents(fake->account_dir, 0700) == 0);
  g_autofree char *ca = NULL;
  g_assert(g_file_get_contents(fake->tls.ca, &ca, NULL, NULL));
  write_file(fake->account_dir, "ca.crt", ca);
  write_file(fake->account_dir, "token", KUBE_FAKE_TOKEN "\n");
  mutex_init(&fake->lock);
  fake->taints = json_array();
  fake->drivers = json_null();
  fake->shared.script = http_script_start_tls(fake->tls.certificate, fake->tls.key);
  fake->port = g_strdup(strrchr(http_script_url(fake->shared.script), ':') + 1);
  fake->shared.account_dir = fake->account_dir;
  fake->shared.host = "127.0.0.1";
  fake->shared.port = fake->port;
  return &fake->shared;
}

void kube_fake_stop(KubeFake *shared)
{
  OwnedFake *fake = (OwnedFake *)shared;
  http_script_stop(shared->script);
  json_decref(fake->taints);
  json_decref(fake->drivers);
  mutex_destroy(&fake->lock);
  tls_files_clear(&fake->tls);
  g_free(fake->account_dir);
  g_free(fake->port);
  g_free(fake);
}

static void set_answer(ScriptAnswer *answer, int status, json_t *body)
{
  char *text = json_dumps(body, JSON_COMPACT);
  g_free(answer->body);
  *answer = (ScriptAnswer){.status = status, .body = g_strdup(text)};
  free(text);
  json_decref(body);
}

static void refuse(ScriptAnswer *answer, int status, const char *reason)
{
  set_answer(answer, status,
             json_pack("{s:s, s:s, s:s, s:i}", "kind", "Status", "status", "Failure", "message", reason,
                       "code", status));
}

static gboolean is_authorized(const char *request, ScriptAnswer *answer)
{
  if (strstr(request, "\r\nAuthorization: Bearer " KUBE_FAKE_TOKEN "\r\n"))
    return TRUE;
  refuse(answer, 401, "Unauthorized");
  return FALSE;
}

static json_t *node_object(const OwnedFake *fake)
{
  /* An empty list is left out, as Kubernetes does. */
  json_t *node = json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "apiVersion", "v1", "kind", "Node", "metadata",
                           "name", KUBE_FAKE_NODE, "spec", "podCIDR", "10.0.0.0/24");
  if (json_array_size(fake->taints) > 0)
    json_object_set(json_object_get(node, "spec"), "taints", fake->taints);
  return node;
}

static void answer_node(void *data, const char *request, ScriptAnswer *answer)
{
  OwnedFake *fake = data;
  MUTEX_HOLD(&fake->lock);
  if (is_authorized(request, answer))
    set_answer(answer, 200, node_object(fake));
}

static void answer_csi_node(void *data, const char *request, ScriptAnswer *answer)
{
  OwnedFake *fake = data;
  MUTEX_HOLD(&fake->lock);
  if (!is_authorized(request, answer))
    return;
  if (fake->absent > 0) {
    fake->absent--;
    refuse(answer, 404, "csinodes.storage.k8s.io \"" KUBE_FAKE_NODE "\" not found");
  } else {
    set_answer(answer, 200, json_pack("{s:s, s:{s:O}}", "kind", "CSINode", "spec", "drivers", fake->drivers));
  }
}

/* "/spec/taints/3" */
static gboolean taint_index(const json_t *step, gsize count, gsize *ret_index)
{
  const char *path = json_string_value(json_object_get(step, "path"));
  gint64 index = 0;
  if (!path || !g_str_has_prefix(path, "/spec/taints/") ||
      !text_parse_int64(path + strlen("/spec/taints/"), 0, (gint64)count - 1, &index))
    return FALSE;
  *ret_index = (gsize)index;
  return TRUE;
}

/* All or nothing; FALSE when it does not fit. */
static gboolean apply(json_t *taints, const json_t *patch)
{
  gsize i, at = 0;
  json_t *step;
  json_array_foreach(patch, i, step)
  {
    const char *operation = json_string_value(json_object_get(step, "op"));
    if (!operation || !taint_index(step, json_array_size(taints), &at))
      return FALSE;
    if (g_str_equal(operation, "test")) {
      if (!json_equal(json_array_get(taints, at), json_object_get(step, "value")))
        return FALSE;
    } else if (!g_str_equal(operation, "remove") || json_array_remove(taints, at) != 0) {
      return FALSE;
    }
  }
  return json_array_size(patch) > 0;
}

static void answer_patch(void *data, const char *request, ScriptAnswer *answer)
{
  OwnedFake *fake = data;
  MUTEX_HOLD(&fake->lock);
  if (!is_authorized(request, answer))
    return;
  if (!strstr(request, "\r\nContent-Type: application/json-patch+json\r\n")) {
    refuse(answer, 415, "the body of the request was in an unknown format");
    return;
  }
  if (fake->meddle > 0) {
    fake->meddle--;
    json_array_insert_new(fake->taints, 0, parse(OTHER_TAINT));
  }
  json_t *patch = json_loads(strstr(request, "\r\n\r\n"), 0, NULL), *taints = json_deep_copy(fake->taints);
  if (apply(taints, patch)) {
    json_decref(fake->taints);
    fake->taints = json_incref(taints);
    set_answer(answer, 200, node_object(fake));
  } else {
    refuse(answer, 422, "the server rejected our request due to an error in our request");
  }
  json_decref(taints);
  json_decref(patch);
}

void kube_fake_serve(KubeFake *shared)
{
  http_script_add(
    shared->script,
    (ScriptRule){.match = "GET " KUBE_FAKE_NODE_PATH " ", .answer = answer_node, .data = shared});
  http_script_add(
    shared->script,
    (ScriptRule){.match = "GET " KUBE_FAKE_CSI_NODE_PATH " ", .answer = answer_csi_node, .data = shared});
  http_script_add(
    shared->script,
    (ScriptRule){.match = "PATCH " KUBE_FAKE_NODE_PATH " ", .answer = answer_patch, .data = shared});
}

void kube_fake_set_taints(KubeFake *shared, const char *taints)
{
  OwnedFake *fake = (OwnedFake *)shared;
  MUTEX_HOLD(&fake->lock);
  json_decref(fake->taints);
  fake->taints = parse(taints);
}

char *kube_fake_taints(KubeFake *shared)
{
  OwnedFake *fake = (OwnedFake *)shared;
  MUTEX_HOLD(&fake->lock);
  char *text = json_dumps(fake->taints, JSON_COMPACT), *copy = g_strdup(text);
  free(text);
  return copy;
}

void kube_fake_set_drivers(KubeFake *shared, const char *drivers, guint reads)
{
  OwnedFake *fake = (OwnedFake *)shared;
  MUTEX_HOLD(&fake->lock);
  json_decref(fake->drivers);
  fake->drivers = parse(drivers);
  fake->absent = reads;
}

void kube_fake_meddle(KubeFake *shared, guint times)
{
  OwnedFake *fake = (OwnedFake *)shared;
  MUTEX_HOLD(&fake->lock);
  fake->meddle = times;
}
