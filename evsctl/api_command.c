/* evsctl api: any call of the cloud's API by hand, or, with --dry-run, what would be sent and how it is signed. */
#include "base/text.h"
#include "evsclient/error_body.h"
#include "evsclient/http.h"
#include "evsclient/session.h"
#include "evsctl/api_request.h"
#include "evsctl/command.h"

typedef struct {
  char *service, *data, *date, *sign_headers;
  GPtrArray *headers;
  gboolean dry_run, show_secrets, include;
} Options;

static const char *const service_names[] = {"evs", "ecs", "iam", NULL}; /* in the order of EvsService */

static const Flag flags[] = {
  FLAG(Options, service, TEXT, "service", "NAME", "whose endpoint is called (evs)", .choices = service_names),
  FLAG(Options, data, TEXT, "data", "@FILE|TEXT|-", "the request's body: of a file, as it is, or from stdin"),
  FLAG(Options, headers, TEXTS, "header", "'NAME: VALUE'", "one more header, signed too; may be repeated"),
  FLAG(Options, include, SWITCH, "include", NULL, "show the answer's status and request id on stderr",
       .letter = 'i'),
  FLAG(Options, dry_run, SWITCH, "dry-run", NULL, "send nothing: show the request and what is signed"),
  FLAG(Options, date, TEXT, "date", "YYYYMMDDTHHMMSSZ", "sign for this time (now)"),
  FLAG(Options, sign_headers, TEXT, "sign-headers", "NAME;NAME", "sign exactly these headers"),
  FLAG(Options, show_secrets, SWITCH, "show-secrets", NULL,
       "with --dry-run: show security token and token, which are '***' else"),
};

/* ---- the body ---- */

static gboolean read_stdin(char **ret_text, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  char piece[4096];
  size_t length;
  while ((length = fread(piece, 1, sizeof piece, stdin)) > 0) {
    g_string_append_len(text, piece, (gssize)length);
    if (text->len > API_MAX_BODY)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--data: stdin holds more than %d bytes",
                           API_MAX_BODY);
  }
  *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
  return TRUE;
}

/* *ret_body stays NULL without --data. A file is sent as it is, its last line feed included. */
static gboolean read_body(const char *data, char **ret_body, GError **error)
{
  if (!data)
    return TRUE;
  if (g_str_equal(data, "-") || g_str_equal(data, "@-"))
    return read_stdin(ret_body, error);
  if (data[0] != '@') {
    *ret_body = g_strdup(data);
    return TRUE;
  }
  g_autoptr(GError) problem = NULL;
  if (text_read_file(data + 1, API_MAX_BODY, ret_body, NULL, &problem))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--data: %s", problem->message);
}

/* ---- dry run ---- */

static void print_for_people(const json_t *shown)
{
  const char *name;
  json_t *value;
  printf("%s %s\n", json_string_value(json_object_get(shown, "method")),
         json_string_value(json_object_get(shown, "url")));
  json_object_foreach(json_object_get(shown, "headers"), name, value)
    printf("%s: %s\n", name, json_string_value(value));
  const char *canonical = json_string_value(json_object_get(shown, "canonical_request"));
  if (canonical)
    printf("\ncanonical request:\n%s\n\nstring to sign:\n%s\n", canonical,
           json_string_value(json_object_get(shown, "string_to_sign")));
}

/* The keys that a dry run can have: those of the configuration. */
static gboolean keys_at_hand(const EvsConfig *config, EvsKeys *ret_keys, GError **error)
{
  switch (config->auth) {
  case EVS_AUTH_AKSK:
    ret_keys->access_key = g_strdup(config->access_key);
    ret_keys->secret_key = g_strdup(config->secret_key);
    ret_keys->security_token = g_strdup(config->security_token);
    return TRUE;
  case EVS_AUTH_PASSWORD:
    ret_keys->token = g_strdup("(the token that the password is exchanged for)");
    return TRUE;
  case EVS_AUTH_AGENCY:
    break;
  }
  return evs_error_set(
    error, EVS_CODE_FAILED_PRECONDITION,
    "--dry-run: with auth = agency the keys come from the metadata service, and a dry run asks "
    "nobody: put access-key, secret-key and security-token into a cloud-config of their own");
}

/* The project that the path means: {project}, or the configured one written out. NULL: none. */
static const char *configured_project(const ApiOrder *order, const EvsConfig *config)
{
  gboolean is_meant =
    config->project_id && (api_order_needs_project(order) || strstr(order->path, config->project_id) != NULL);
  return is_meant ? config->project_id : NULL;
}

static gboolean dry_run(Session *session, const Options *options, const ApiOrder *order, GError **error)
{
  const EvsConfig *config = session_config(session, error);
  if (!config)
    return FALSE;
  const char *project = configured_project(order, config);
  if (!project && api_order_needs_project(order))
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "--dry-run: cloud-config has no project-id, and a dry run looks nothing up: set it, or "
      "write the id into PATH");
  g_auto(EvsKeys) keys = {0};
  if (!keys_at_hand(config, &keys, error))
    return FALSE;
  g_autoptr(ApiRequest) request = api_request_make(order, config, project, &keys, error);
  if (!request)
    return FALSE;
  json_t *shown = api_request_show(request, options->show_secrets);
  if (session_output(session) == OUTPUT_TABLE) {
    print_for_people(shown);
    json_decref(shown);
  } else {
    session_print(session, shown, NULL);
  }
  return TRUE;
}

/* ---- the call ---- */

static void print_answer(Session *session, const EvsHttpResponse *response)
{
  json_t *answer = evs_json_parse(response->body->str, response->body->len);
  if (answer) {
    output_write(stdout, session->output ? session_output(session) : OUTPUT_JSON, answer, NULL);
    json_decref(answer);
  } else if (response->body->len > 0) {
    fwrite(response->body->str, 1, response->body->len, stdout);
    if (!g_str_has_suffix(response->body->str, "\n"))
      putchar('\n');
  }
}

/* FALSE with the refusal explained; the answer has been printed either way. */
static gboolean judge_answer(Session *session, const Options *options, const char *method,
                             const EvsHttpResponse *response, GError **error)
{
  if (options->include)
    fprintf(stderr, "status %d, request %s\n", response->status,
            response->request_id ? response->request_id : "-");
  print_answer(session, response);
  g_auto(EvsErrorBody) body = {0};
  gboolean is_refusal = evs_error_body_parse(response->body->str, response->body->len, &body);
  if (response->status < 400 && !is_refusal)
    return TRUE;
  guint traits;
  g_autoptr(GError) refusal = NULL;
  evs_error_set_answer(&refusal, "make the call", response->status, response->body->str, response->body->len,
                       response->request_id, &traits);
  if (g_str_equal(method, "GET"))
    evs_error_set_outcome(refusal, EVS_OUTCOME_REFUSED); /* a read takes nothing */
  g_propagate_error(error, g_steal_pointer(&refusal));
  return FALSE;
}

static struct curl_slist *list_headers(const ApiRequest *request)
{
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  for (guint i = 0; i < request->headers->len; i++) {
    const ApiHeader *header = request->headers->pdata[i];
    evs_headers_add(&list, header->name, header->value);
  }
  return list;
}

static gboolean send_request(Session *session, const Options *options, const ApiOrder *order,
                             EvsSession *borrowed, EvsClient *client, GError **error)
{
  const EvsContext *context = session_context(session);
  g_autofree char *project = g_strdup(configured_project(order, borrowed->config));
  g_auto(EvsKeys) keys = {0};
  if (!project && api_order_needs_project(order))
    project = evs_session_project(client, borrowed, context, error);
  if ((!project && api_order_needs_project(order)) ||
      !evs_credentials_get(borrowed->credentials, context, &keys, error))
    return FALSE;
  g_autoptr(ApiRequest) request = api_request_make(order, borrowed->config, project, &keys, error);
  if (!request)
    return FALSE;
  struct curl_slist *headers = list_headers(request);
  const EvsHttpRequest http = {
    .method = request->method,
    .url = request->url,
    .headers = headers,
    .body = order->body,
    .body_length = order->body ? strlen(order->body) : 0,
    .fresh = TRUE, /* sent exactly once */
    .config = borrowed->config,
  };
  g_auto(EvsHttpResponse) response = {0};
  gboolean ok = evs_http_perform(client->http, context, &http, &response, error) &&
                judge_answer(session, options, request->method, &response, error);
  evs_headers_free(headers);
  return ok;
}

static gboolean make_call(Session *session, const Options *options, const ApiOrder *order, GError **error)
{
  EvsClient *client = session_client(session, error);
  if (!client)
    return FALSE;
  EvsSession *borrowed = evs_session_borrow(client);
  gboolean ok = send_request(session, options, order, borrowed, client, error);
  evs_session_return(client, borrowed);
  return ok;
}

static EvsService service_of(const char *name)
{
  EvsService service = EVS_SERVICE_EVS;
  for (guint i = 0; name && service_names[i]; i++) {
    if (g_str_equal(name, service_names[i]))
      service = (EvsService)i;
  }
  return service;
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *body = NULL;
  ApiOrder order = {
    .service = service_of(options->service),
    .method = arguments[0],
    .path = arguments[1],
    .headers = options->headers,
    .date = options->date,
    .sign_headers = options->sign_headers,
  };
  gboolean ok = api_order_check(&order, &error) && read_body(options->data, &body, &error);
  order.body = body;
  if (ok)
    ok = options->dry_run ? dry_run(session, options, &order, &error)
                          : make_call(session, options, &order, &error);
  return session_end(ok, error);
}

static const Command commands[] = {
  {.arguments = "METHOD PATH",
   .least = 2,
   .most = 2,
   .summary = "make any call of the cloud's API, or show how it would be signed",
   .description =
     "PATH is what follows the service's endpoint, percent-encoded, with its query; {project} in it is "
     "filled in.\n"
     "The call is sent exactly once. The answer is printed as it came (JSON indented), so also secrets in "
     "it, such as\n"
     "the auth_key of a new transfer. A refusal is printed too, explained on stderr, and ends with 1.\n"
     "Secrets do not belong on a command line, which all users of the machine can read: write @FILE or -.\n"
     "\n"
     "--dry-run sends nothing and looks nothing up. It shows method, url, headers, canonical_request and\n"
     "string_to_sign: compare them with what the cloud says in a 401. Never shown: secret key and password.\n"
     "Shown only with --show-secrets: the security token of cloud-config, in the headers and in the "
     "canonical request.\n"
     "\n"
     "Examples:\n"
     "  evsctl api GET '/v2/{project}/cloudvolumes/detail?limit=1'\n"
     "  evsctl api POST '/v2/{project}/os-volume-transfer' --data @transfer.json\n"
     "  evsctl api GET '/v3/projects?name=cn-north-4' --service iam\n"
     "  evsctl api GET / --dry-run --date 20240229T123456Z --sign-headers 'host;x-sdk-date' -o json\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup api_group =
  COMMAND_GROUP("api", "any call of the API by hand; how it is signed", commands);
