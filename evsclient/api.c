#include "evsclient/api.h"

#include "base/clock.h"
#include "base/log.h"
#include "evsclient/codes.h"
#include "evsclient/error_body.h"
#include "evsclient/meter.h"

enum { FIRST_PAUSE_MS = 200, MAX_PAUSE_MS = 8 * 1000, MAX_BAD_ANSWERS = 4 };

/* One call with all its attempts. */
typedef struct {
  EvsClient *client;
  EvsSession *session;
  const EvsContext *context;
  const EvsCall *call;
  char *project, *url;
  EvsGate *gate;
  guint attempt, bad_answers;
  gboolean renewed, clock_tried; /* each once per call */
  gboolean unsure;               /* some attempt may have been taken */
  json_t *answer;
  GError *failure; /* of the last attempt */
} Calling;

typedef enum { VERDICT_DONE, VERDICT_FAILED, VERDICT_AGAIN, VERDICT_AGAIN_NOW, VERDICT_THROTTLED } Verdict;

static gboolean is_read(const EvsOperation *operation)
{
  return g_str_equal(operation->method, "GET");
}

/* {project}, then the call's ids in the order in which the path names them. */
static char *fill_path(const EvsCall *call, const char *project)
{
  const char *ids[] = {call->id, call->second_id};
  guint next = 0;
  GString *path = g_string_new(NULL);
  for (const char *at = call->operation->path; *at;) {
    gsize plain = strcspn(at, "{");
    g_string_append_len(path, at, (gssize)plain);
    at += plain;
    if (*at != '{')
      break;
    const char *value = g_str_has_prefix(at, "{project}") ? project
                        : next < G_N_ELEMENTS(ids)        ? ids[next++]
                                                          : NULL;
    g_autofree char *encoded = evs_percent_encode(value ? value : "");
    g_string_append(path, encoded);
    at += strcspn(at, "}") + 1;
  }
  return g_string_free(path, FALSE);
}

static gboolean prepare(Calling *calling, GError **error)
{
  const EvsCall *call = calling->call;
  const char *endpoint = evs_session_endpoint(calling->session, call->operation->service);
  if (strstr(call->operation->path, "{project}")) {
    calling->project = evs_session_project(calling->client, calling->session, calling->context, error);
    if (!calling->project)
      return FALSE;
  }
  g_autofree char *path = fill_path(call, calling->project);
  calling->url = g_strconcat(endpoint, path, call->query ? "?" : "", call->query ? call->query : "", NULL);
  calling->gate = evs_gates_get(calling->client->gates, endpoint, call->operation->id);
  return TRUE;
}

/* Destroying calls leave a line each, whatever came of them. */
static void audit(const Calling *calling, const EvsHttpResponse *response, const char *code,
                  gint64 duration_us)
{
  const EvsCall *call = calling->call;
  if (call->operation->audited)
    log_info("audit", LOG_TEXT("call", call->operation->what),
             LOG_TEXT(call->operation->audited, call->second_id ? call->second_id
                                                : call->id      ? call->id
                                                                : call->subject),
             LOG_TEXT("server", call->second_id ? call->id : ""), LOG_TEXT("project", calling->project),
             LOG_NUMBER("status", response->status), LOG_TEXT("code", code),
             LOG_TEXT("request", response->request_id), LOG_NUMBER("ms", duration_us / 1000));
  else
    log_debug("cloud call", LOG_TEXT("call", call->operation->what), LOG_TEXT("id", call->id),
              LOG_NUMBER("status", response->status), LOG_TEXT("code", code),
              LOG_TEXT("request", response->request_id), LOG_NUMBER("ms", duration_us / 1000));
}

/* May the same request go out again after this failure? */
static gboolean may_repeat(const Calling *calling)
{
  return calling->call->operation->repeat == EVS_REPEAT_SAFE ||
         evs_error_outcome(calling->failure) != EVS_OUTCOME_UNKNOWN;
}

static Verdict judge_no_answer(const Calling *calling)
{
  switch (evs_error_code(calling->failure)) {
  case EVS_CODE_UNAVAILABLE:
    return may_repeat(calling) ? VERDICT_AGAIN : VERDICT_FAILED;
  default: /* cancelled, too late, unverified certificate, no credentials */
    return VERDICT_FAILED;
  }
}

static Verdict judge_refusal(Calling *calling, guint traits, const EvsWireResult *result)
{
  if (traits & EVS_TRAIT_THROTTLE)
    return VERDICT_THROTTLED;
  if ((traits & EVS_TRAIT_AUTH) && result->clock_changed && !calling->clock_tried) {
    calling->clock_tried = TRUE;
    return VERDICT_AGAIN_NOW;
  }
  if ((traits & EVS_TRAIT_AUTH) && !calling->renewed &&
      evs_credentials_reject(calling->session->credentials, result->generation)) {
    calling->renewed = TRUE;
    return VERDICT_AGAIN_NOW;
  }
  return (traits & EVS_TRAIT_RETRY) && may_repeat(calling) ? VERDICT_AGAIN : VERDICT_FAILED;
}

/* An answer with a good status that is none: cut off, no JSON, or without the member that is due. */
static Verdict judge_bad_answer(Calling *calling, const char *problem)
{
  const EvsOperation *operation = calling->call->operation;
  evs_error_set(&calling->failure, EVS_CODE_INTERNAL, "cannot %s: the answer %s", operation->what, problem);
  evs_error_set_outcome(calling->failure, EVS_OUTCOME_UNKNOWN);
  return may_repeat(calling) && ++calling->bad_answers < MAX_BAD_ANSWERS ? VERDICT_AGAIN : VERDICT_FAILED;
}

/* Some refusals come with a status that says success (202 with Common.0024). */
static gboolean is_error_in_disguise(const json_t *answer)
{
  return json_is_object(json_object_get(answer, "error")) ||
         (json_object_get(answer, "error_code") && json_object_get(answer, "error_msg")) ||
         (json_object_get(answer, "code") && json_object_get(answer, "message"));
}

static void settle_quota(const EvsOperation *operation, GError *failure)
{
  if (!operation->final_quota_remedy || !evs_error_is(failure, EVS_CODE_RESOURCE_EXHAUSTED))
    return;
  failure->code = EVS_CODE_FAILED_PRECONDITION;
  evs_error_set_remedy(failure, operation->final_quota_remedy);
}

/* A list may come bare, or in pieces, where an object that holds it is due (evs-facts 17.1, 24): [{"results": [...]}].
 * Takes the array. */
static json_t *wrap_list(const EvsOperation *operation, json_t *array)
{
  json_t *object = json_object(), *list = json_array();
  gsize i;
  json_t *item;
  json_array_foreach(array, i, item)
  {
    json_t *piece = json_object_get(item, operation->root);
    if (json_is_array(piece))
      json_array_extend(list, piece);
    else
      json_array_append(list, item);
  }
  json_object_set_new(object, operation->root, list);
  json_decref(array);
  return object;
}

static Verdict judge_answer(Calling *calling, const EvsHttpResponse *response, const EvsWireResult *result)
{
  const EvsOperation *operation = calling->call->operation;
  gboolean good =
    (response->status >= 200 && response->status < 300) || response->status == operation->status;
  g_autoptr(json_t) answer = NULL;
  if (good) {
    answer =
      response->body->len > 0 ? evs_json_parse(response->body->str, response->body->len) : json_object();
    if (json_is_array(answer) && operation->shape == EVS_REPLY_LIST && operation->root)
      answer = wrap_list(operation, g_steal_pointer(&answer));
    if (!json_is_object(answer))
      return judge_bad_answer(calling, "is no JSON object");
    good = !is_error_in_disguise(answer);
  }
  if (!good) {
    guint traits;
    evs_error_set_answer(&calling->failure, operation->what, response->status, response->body->str,
                         response->body->len, response->request_id, &traits);
    settle_quota(operation, calling->failure);
    return judge_refusal(calling, traits, result);
  }
  const json_t *due = operation->due ? evs_record_member(answer, operation->due) : answer;
  if (!due || json_is_null(due) || (json_is_string(due) && json_string_length(due) == 0)) {
    g_autofree char *problem = g_strdup_printf("lacks '%s'", operation->due);
    return judge_bad_answer(calling, problem);
  }
  calling->answer = g_steal_pointer(&answer);
  return VERDICT_DONE;
}

static void note_health(const Calling *calling, gboolean answered)
{
  gboolean trouble = calling->failure &&
                     (!answered || evs_error_is(calling->failure, EVS_CODE_UNAUTHENTICATED)) &&
                     !evs_error_is(calling->failure, EVS_CODE_ABORTED) &&
                     !evs_error_is(calling->failure, EVS_CODE_DEADLINE_EXCEEDED);
  if (trouble)
    evs_client_note_health(calling->client, calling->failure->message);
  else if (answered)
    evs_client_note_health(calling->client, NULL);
}

static Verdict attempt(Calling *calling)
{
  const EvsCall *call = calling->call;
  const EvsOperation *operation = call->operation;
  EvsWire wire = {
    .operation = operation->id,
    .method = operation->method,
    .url = calling->url,
    .project = calling->project,
    .body = call->body,
    .client_token = call->client_token,
    .fresh = operation->repeat == EVS_REPEAT_NEVER,
    .read = is_read(operation),
  };
  g_auto(EvsHttpResponse) response = {0};
  EvsWireResult result = {0};
  gint64 start = clock_now_us();
  g_clear_error(&calling->failure);
  gboolean answered = evs_wire_send(calling->client, calling->session, calling->context, &wire, &response,
                                    &result, &calling->failure);
  Verdict verdict = answered ? judge_answer(calling, &response, &result) : judge_no_answer(calling);
  const char *code = evs_error_cloud_code(calling->failure);
  evs_meter_call(operation->what, answered ? response.status : 0, code, clock_now_us() - start);
  audit(calling, &response, code, clock_now_us() - start);
  note_health(calling, answered);
  if (calling->failure && evs_error_outcome(calling->failure) == EVS_OUTCOME_UNKNOWN)
    calling->unsure = TRUE;
  return verdict;
}

/* Full jitter on a doubling pause, so that many callers do not come back together. */
static gboolean pause_before_retry(Calling *calling, GError **error)
{
  gint64 top_ms = MIN((gint64)FIRST_PAUSE_MS << MIN(calling->attempt, 6), MAX_PAUSE_MS);
  gint64 pause_ms = g_random_int_range((gint32)(top_ms / 2), (gint32)top_ms);
  return evs_context_sleep(calling->context, clock_deadline_in_ms(pause_ms), calling->call->operation->what,
                           is_read(calling->call->operation), error);
}

/* The context ended between attempts: the text keeps what the cloud last said. */
static void explain_end(const Calling *calling, GError *end)
{
  const GError *last = calling->failure;
  if (!last)
    return;
  evs_error_set_cloud(end, evs_error_cloud_code(last), evs_error_http_status(last),
                      evs_error_request_id(last));
  g_autofree char *old = end->message;
  end->message = g_strdup_printf("%s; last: %s", old, last->message);
}

/* Sends until there is an answer to keep. FALSE with *error. */
static gboolean call_until_done(Calling *calling, GError **error)
{
  const EvsOperation *operation = calling->call->operation;
  for (;; calling->attempt++) {
    gboolean probe;
    gint64 queued_us = clock_now_us();
    if (!evs_context_check(calling->context, operation->what, is_read(operation), error) ||
        !evs_gate_enter(calling->gate, calling->context, operation->what, is_read(operation), &probe, error))
      return FALSE;
    evs_meter_gate_wait(operation->what, clock_now_us() - queued_us);
    Verdict verdict = attempt(calling);
    evs_gate_leave(calling->gate, probe,
                   verdict == VERDICT_THROTTLED                                   ? EVS_GATE_THROTTLED
                   : evs_error_http_status(calling->failure) || !calling->failure ? EVS_GATE_TAKEN
                                                                                  : EVS_GATE_UNKNOWN);
    if (probe || verdict == VERDICT_THROTTLED)
      evs_meter_gate(operation->what, evs_gate_is_closed(calling->gate));
    if (verdict == VERDICT_DONE)
      return TRUE;
    if (verdict == VERDICT_FAILED || (calling->context->once && verdict != VERDICT_AGAIN_NOW)) {
      g_propagate_error(error, g_steal_pointer(&calling->failure));
      return FALSE;
    }
    if (verdict == VERDICT_THROTTLED)
      evs_meter_throttle(operation->what);
    else
      evs_meter_retry(operation->what);
    if (verdict == VERDICT_AGAIN && !pause_before_retry(calling, error))
      return FALSE;
  }
}

json_t *evs_api_call_in(EvsClient *client, EvsSession *session, const EvsContext *context,
                        const EvsCall *call, GError **error)
{
  Calling calling = {.client = client, .session = session, .context = context, .call = call};
  g_autoptr(GError) failure = NULL;
  gboolean prepared = prepare(&calling, &failure);
  /* Without a project nothing goes out; the token that would name it may be what cannot be had. */
  if (evs_error_is(failure, EVS_CODE_UNAUTHENTICATED) || evs_error_is(failure, EVS_CODE_UNAVAILABLE))
    evs_client_note_health(client, failure->message);
  gboolean ok = prepared && call_until_done(&calling, &failure);
  if (!ok) {
    explain_end(&calling, failure);
    if (calling.unsure)
      evs_error_set_outcome(failure, EVS_OUTCOME_UNKNOWN);
    g_propagate_error(error, g_steal_pointer(&failure));
  }
  g_clear_error(&calling.failure);
  g_free(calling.project);
  g_free(calling.url);
  return calling.answer;
}

json_t *evs_api_call(EvsClient *client, const EvsContext *context, const EvsCall *call, GError **error)
{
  EvsSession *session = evs_session_borrow(client);
  json_t *answer = evs_api_call_in(client, session, context, call, error);
  evs_session_return(client, session);
  return answer;
}
