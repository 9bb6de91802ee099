#include "evssim/faults.h"

#include "base/clock.h"
#include "base/error.h"
#include "evssim/jsonread.h"

enum {
  FAULTS_MAX = 1000,
  FAULT_MS_MAX = 3600 * 1000,
  BODY_BYTES_MAX = 64 << 20,
};

typedef struct {
  char *id, *op, *account, *volume; /* NULL: any */
  gint64 skip, times;               /* times -1: no end */
  double probability;
  gint64 hits;
  gint64 window_until_us; /* throttle: monotonic */
  FaultAction *action;
  json_t *document;
} Fault;

struct Faults {
  GPtrArray *list; /* of Fault* */
  GRand *random;
  guint next_id;
};

static void action_clear(gpointer data)
{
  FaultAction *action = data;
  g_free(action->fault_id);
  g_free(action->code);
  g_free(action->state);
}

FaultAction *fault_action_ref(FaultAction *action)
{
  return g_rc_box_acquire(action);
}

void fault_action_unref(FaultAction *action)
{
  if (action)
    g_rc_box_release_full(action, action_clear);
}

static void fault_free(Fault *fault)
{
  g_free(fault->id);
  g_free(fault->op);
  g_free(fault->account);
  g_free(fault->volume);
  fault_action_unref(fault->action);
  if (fault->document)
    json_decref(fault->document);
  g_free(fault);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fault, fault_free)

Faults *faults_new(gint64 seed)
{
  Faults *faults = g_new0(Faults, 1);
  faults->list = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
  faults->random = g_rand_new_with_seed((guint32)seed);
  faults->next_id = 1;
  return faults;
}

void faults_free(Faults *faults)
{
  if (!faults)
    return;
  g_ptr_array_unref(faults->list);
  g_rand_free(faults->random);
  g_free(faults);
}

/* ---- the action kinds: which keys each takes ---- */

static gboolean read_status(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  static const char *const shapes[] = {"error", "flat", "cinder", "gateway", NULL};
  gint64 status;
  const char *code;
  int shape;
  if (!jsonread_integer(json, where, "status", 200, 599, 0, &status, error) ||
      !jsonread_string(json, where, "code", "", &code, error) ||
      !jsonread_choice(json, where, "shape", shapes, FAULT_SHAPE_ERROR, &shape, error))
    return FALSE;
  if (status == 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: 'status' is missing", where);
  action->status = (int)status;
  action->code = *code ? g_strdup(code) : NULL;
  action->shape = (FaultShape)shape;
  return TRUE;
}

static gboolean read_ms(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  if (!jsonread_integer(json, where, "ms", 0, FAULT_MS_MAX, -1, &action->ms, error))
    return FALSE;
  if (action->ms < 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: 'ms' is missing", where);
  return TRUE;
}

static gboolean read_when(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  static const char *const whens[] = {"before", "after", NULL};
  int when;
  if (!jsonread_choice(json, where, "when", whens, 0, &when, error))
    return FALSE;
  action->after = when == 1;
  return TRUE;
}

static gboolean read_body(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  static const char *const modes[] = {"truncate", "malformed", "type", "drip", NULL};
  int mode;
  if (!jsonread_choice(json, where, "mode", modes, -1, &mode, error) ||
      !jsonread_integer(json, where, "bytes", 0, BODY_BYTES_MAX, 0, &action->bytes, error))
    return FALSE;
  action->mode = (FaultBodyMode)mode;
  return TRUE;
}

static gboolean read_job(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  static const char *const results[] = {"FAIL", "vanish", "early", NULL};
  const char *code;
  int result;
  if (!jsonread_choice(json, where, "result", results, -1, &result, error) ||
      !jsonread_string(json, where, "code", "", &code, error))
    return FALSE;
  action->result = (FaultJobResult)result;
  action->code = *code ? g_strdup(code) : NULL;
  return TRUE;
}

static gboolean read_stuck(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  static const char *const states[] = {"creating",  "attaching",   "detaching",   "extending",  "deleting",
                                       "uploading", "downloading", "rollbacking", "backing-up", NULL};
  int state;
  if (!jsonread_choice(json, where, "state", states, -1, &state, error))
    return FALSE;
  action->state = g_strdup(states[state]);
  return TRUE;
}

static gboolean read_throttle(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  static const char *const forms[] = {"429", "503", "202", NULL};
  int form;
  if (!jsonread_choice(json, where, "form", forms, FAULT_THROTTLE_429, &form, error))
    return FALSE;
  action->form = (FaultThrottleForm)form;
  return read_ms(json, where, action, error);
}

static gboolean read_kill(const json_t *json, const char *where, FaultAction *action, GError **error)
{
  gint64 pid;
  if (!jsonread_integer(json, where, "pid", 2, G_MAXINT32, 0, &pid, error))
    return FALSE;
  if (pid == 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: 'pid' is missing", where);
  action->pid = (int)pid;
  return read_when(json, where, action, error);
}

static const struct {
  const char *name;
  const char *keys[6];
  gboolean (*read)(const json_t *json, const char *where, FaultAction *action, GError **error);
} kinds[FAULT_KINDS] = {
  [FAULT_STATUS] = {"status", {"kind", "status", "code", "shape"}, read_status},
  [FAULT_DELAY] = {"delay", {"kind", "ms"}, read_ms},
  [FAULT_DROP] = {"drop", {"kind", "when"}, read_when},
  [FAULT_BODY] = {"body", {"kind", "mode", "bytes"}, read_body},
  [FAULT_JOB] = {"job", {"kind", "result", "code"}, read_job},
  [FAULT_STUCK] = {"stuck", {"kind", "state"}, read_stuck},
  [FAULT_STALE] = {"stale", {"kind", "ms"}, read_ms},
  [FAULT_THROTTLE] = {"throttle", {"kind", "form", "ms"}, read_throttle},
  [FAULT_KILL] = {"kill", {"kind", "pid", "when"}, read_kill},
};

static gboolean read_action(Fault *fault, const json_t *document, GError **error)
{
  const char *names[FAULT_KINDS + 1] = {NULL};
  json_t *json;
  int kind;
  if (!jsonread_object(document, "fault", "action", &json, error))
    return FALSE;
  if (!json)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "fault: 'action' is missing");
  for (int i = 0; i < FAULT_KINDS; i++)
    names[i] = kinds[i].name;
  if (!jsonread_choice(json, "action", "kind", names, -1, &kind, error) ||
      !jsonread_known(json, "action", kinds[kind].keys, error))
    return FALSE;
  fault->action = g_rc_box_new0(FaultAction);
  fault->action->kind = (FaultKind)kind;
  fault->action->fault_id = g_strdup(fault->id);
  return kinds[kind].read(json, "action", fault->action, error);
}

static gboolean read_match(Fault *fault, const json_t *document, GError **error)
{
  static const char *const keys[] = {"op", "account", "volume", "skip", NULL};
  struct {
    const char *key;
    char **target;
  } const texts[] = {{"op", &fault->op}, {"account", &fault->account}, {"volume", &fault->volume}};
  json_t *match;
  if (!jsonread_object(document, "fault", "match", &match, error))
    return FALSE;
  if (match && !jsonread_known(match, "match", keys, error))
    return FALSE;
  for (gsize i = 0; match && i < G_N_ELEMENTS(texts); i++) {
    const char *text;
    if (!jsonread_string(match, "match", texts[i].key, "", &text, error))
      return FALSE;
    if (*text)
      *texts[i].target = g_strdup(text);
  }
  return !match || jsonread_integer(match, "match", "skip", 0, G_MAXINT32, 0, &fault->skip, error);
}

const char *faults_add(Faults *faults, const json_t *document, GError **error)
{
  static const char *const keys[] = {"match", "times", "probability", "action", NULL};
  if (faults->list->len >= FAULTS_MAX) {
    evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "there are %d faults, no more are taken", FAULTS_MAX);
    return NULL;
  }
  g_autoptr(Fault) fault = g_new0(Fault, 1);
  fault->id = g_strdup_printf("f%u", faults->next_id);
  if (!jsonread_known(document, "fault", keys, error) || !read_match(fault, document, error) ||
      !jsonread_integer(document, "fault", "times", 1, G_MAXINT32, -1, &fault->times, error) ||
      !jsonread_number(document, "fault", "probability", 0, 1, 1, &fault->probability, error) ||
      !read_action(fault, document, error))
    return NULL;
  fault->document = json_deep_copy(document);
  faults->next_id++;
  g_ptr_array_add(faults->list, fault);
  return ((Fault *)g_steal_pointer(&fault))->id;
}

gboolean faults_remove(Faults *faults, const char *id)
{
  if (!id) {
    g_ptr_array_set_size(faults->list, 0);
    return TRUE;
  }
  for (guint i = 0; i < faults->list->len; i++) {
    if (g_str_equal(((Fault *)g_ptr_array_index(faults->list, i))->id, id)) {
      g_ptr_array_remove_index(faults->list, i);
      return TRUE;
    }
  }
  return FALSE;
}

json_t *faults_list(const Faults *faults)
{
  json_t *list = json_array();
  for (guint i = 0; i < faults->list->len; i++) {
    const Fault *fault = g_ptr_array_index(faults->list, i);
    json_t *item = json_copy(fault->document);
    json_object_set_new(item, "id", json_string(fault->id));
    json_object_set_new(item, "hits", json_integer(fault->hits));
    json_array_append_new(list, item);
  }
  return list;
}

/* Does it fire on a request that matches? Counts. */
static gboolean fires(Faults *faults, Fault *fault)
{
  gint64 now_us = clock_now_us();
  if (fault->action->kind == FAULT_THROTTLE && now_us < fault->window_until_us)
    return TRUE;
  if (fault->skip > 0) {
    fault->skip--;
    return FALSE;
  }
  if (fault->times >= 0 && fault->hits >= fault->times)
    return FALSE;
  if (fault->probability < 1 && g_rand_double(faults->random) >= fault->probability)
    return FALSE;
  fault->hits++;
  fault->window_until_us = now_us + fault->action->ms * 1000;
  return TRUE;
}

/* ops: one name, or several separated by blanks. */
static gboolean has_op(const char *ops, const char *op)
{
  if (!strchr(ops, ' '))
    return g_str_equal(ops, op);
  g_auto(GStrv) names = g_strsplit(ops, " ", -1);
  return g_strv_contains((const char *const *)names, op);
}

void faults_fire(Faults *faults, guint wanted, const char *op, const char *account, const char *volume,
                 FaultAction *actions[FAULT_KINDS])
{
  for (guint i = 0; i < faults->list->len; i++) {
    Fault *fault = g_ptr_array_index(faults->list, i);
    gboolean matches = (!fault->op || (op && has_op(op, fault->op))) &&
                       (!fault->account || g_strcmp0(fault->account, account) == 0) &&
                       (!fault->volume || g_strcmp0(fault->volume, volume) == 0);
    FaultAction **slot = &actions[fault->action->kind];
    if ((wanted & FAULT_BIT(fault->action->kind)) && matches && !*slot && fires(faults, fault))
      *slot = fault_action_ref(fault->action);
  }
}
