/* evsctl csi: any CSI call by hand, as JSON. */
#include "base/error.h"
#include "base/text.h"
#include "evsctl/command.h"
#include "evsctl/csi_methods.h"
#include "evsctl/json_message.h"
#include "rpc/client.h"

#include <stdio.h>

#define DEFAULT_ENDPOINT "unix:///run/csi.sock"

enum { MAX_REQUEST_BYTES = 4 << 20, CSI_TIMEOUT_S = 300 };

typedef struct {
  char *endpoint;
  char *get;
  gboolean list, template, compact;
} Options;

static const Flag flags[] = {
  FLAG(Options, endpoint, TEXT, "endpoint", "EP", "socket to call (" DEFAULT_ENDPOINT ")"),
  FLAG(Options, get, TEXT, "get", "PATH", "print only this value of the answer, text unquoted"),
  FLAG(Options, compact, SWITCH, "compact", NULL, "JSON on one line"),
  FLAG(Options, list, SWITCH, "list", NULL, "print all methods"),
  FLAG(Options, template, SWITCH, "template", NULL, "print the shape of METHOD's request"),
};

static const char description[] =
  "METHOD is CreateVolume, Controller.CreateVolume or csi.v1.Controller/CreateVolume.\n"
  "JSON is the request: text, @FILE, or - for stdin; nothing is an empty request. Fields by their names in\n"
  "csi.proto or in lowerCamelCase, enums by name or number, 64-bit integers as number or string.\n"
  "A call that fails shows its gRPC code and text. --timeout is the call's deadline (300).\n\n"
  "Secrets do not belong on a command line, which all users of the machine can read: write @FILE or -.\n\n"
  "Examples:\n"
  "  evsctl csi --endpoint=unix:///run/csi.sock GetPluginInfo\n"
  "  evsctl csi CreateVolume --template\n"
  "  evsctl csi CreateVolume @request.json --get=volume.volume_id";

static int usage_error(const GError *error)
{
  fprintf(stderr, "evsctl csi: %s\n", error->message);
  return EXIT_USAGE;
}

static void print_methods(void)
{
  for (const ProtobufCServiceDescriptor *const *service = csi_services(); *service; service++) {
    for (unsigned i = 0; i < (*service)->n_methods; i++)
      printf("%s.%s\n", (*service)->short_name, (*service)->methods[i].name);
  }
}

static void print_json(const json_t *json, gboolean compact)
{
  char *text = json_dumps(json, JSON_ENCODE_ANY | (compact ? JSON_COMPACT : JSON_INDENT(2)));
  puts(text);
  free(text);
}

/* stdin up to the ceiling. */
static gboolean read_stdin(char **ret_text, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  char piece[4096];
  size_t length;
  while ((length = fread(piece, 1, sizeof piece, stdin)) > 0) {
    g_string_append_len(text, piece, (gssize)length);
    if (text->len > MAX_REQUEST_BYTES)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "request on stdin is larger than %d bytes",
                           MAX_REQUEST_BYTES);
  }
  *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
  return TRUE;
}

/* The request as JSON (json_decref). A parser's message quotes the document, which may hold a secret: only the place
 * of the mistake is told. */
static json_t *read_request(const char *argument, GError **error)
{
  g_autofree char *text = NULL;
  if (!argument)
    text = g_strdup("{}");
  else if (g_str_equal(argument, "-") && !read_stdin(&text, error))
    return NULL;
  else if (argument[0] == '@' && !text_read_file(argument + 1, MAX_REQUEST_BYTES, &text, NULL, error))
    return NULL;
  json_error_t problem;
  json_t *json = json_loads(text ? text : argument, JSON_REJECT_DUPLICATES, &problem);
  if (!json) {
    char *quote = strstr(problem.text, " near ");
    if (quote)
      *quote = '\0';
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "request is no JSON: line %d, column %d: %s",
                  problem.line, problem.column, problem.text);
  }
  return json;
}

/* The value at "volume.volume_id" (numbers index arrays), borrowed; NULL if there is none. */
static const json_t *value_at(const json_t *json, const char *path)
{
  g_auto(GStrv) steps = g_strsplit(path, ".", -1);
  for (char **step = steps; *step && json; step++) {
    gint64 index;
    if (json_is_array(json))
      json = text_parse_int64(*step, 0, G_MAXINT32, &index) ? json_array_get(json, (size_t)index) : NULL;
    else
      json = json_object_get(json, *step);
  }
  return json;
}

/* A text value is printed as it is, for shell scripts; everything else as compact JSON. */
static int print_value(const json_t *answer, const char *path)
{
  const json_t *value = value_at(answer, path);
  if (!value) {
    fprintf(stderr, "evsctl csi: the answer has no '%s'\n", path);
    return EXIT_FAILED;
  }
  if (json_is_string(value))
    puts(json_string_value(value));
  else
    print_json(value, TRUE);
  return EXIT_OK;
}

static int call(const Session *session, const Options *options, const CsiMethod *method,
                const ProtobufCMessage *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RpcClient) client =
    rpc_client_new(options->endpoint ? options->endpoint : DEFAULT_ENDPOINT, &error);
  if (!client)
    return usage_error(error);
  ProtobufCMessage *reply =
    rpc_client_call(client, method->service, method->method->name, request,
                    (session->timeout_s ? session->timeout_s : CSI_TIMEOUT_S) * 1000, &error);
  if (!reply) {
    fprintf(stderr, "%s: %s (%d): %s\n", method->method->name, evs_code_name(evs_error_code(error)),
            (int)evs_error_code(error), error->message);
    return EXIT_FAILED;
  }
  json_t *answer = json_message_write(reply);
  protobuf_c_message_free_unpacked(reply, NULL);
  int status = EXIT_OK;
  if (options->get)
    status = print_value(answer, options->get);
  else
    print_json(answer, options->compact);
  json_decref(answer);
  return status;
}

static int run_method(const Session *session, const Options *options, const char *name, const char *argument)
{
  g_autoptr(GError) error = NULL;
  CsiMethod method;
  if (!csi_method_find(name, &method, &error))
    return usage_error(error);
  if (options->template) {
    json_t *shape = json_message_template(method.method->input);
    print_json(shape, options->compact);
    json_decref(shape);
    return EXIT_OK;
  }
  json_t *json = read_request(argument, &error);
  ProtobufCMessage *request = json ? json_message_read(json, method.method->input, &error) : NULL;
  json_decref(json);
  if (!request)
    return usage_error(error);
  int status = call(session, options, &method, request);
  protobuf_c_message_free_unpacked(request, NULL);
  return status;
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  const Options *options = data;
  (void)command;
  if (options->list ? arguments[0] != NULL : arguments[0] == NULL) {
    fputs("evsctl csi: expected is METHOD [JSON|@FILE|-], or --list; see --help\n", stderr);
    return EXIT_USAGE;
  }
  if (!options->list)
    return run_method(session, options, arguments[0], arguments[1]);
  print_methods();
  return EXIT_OK;
}

static const Command commands[] = {
  {.arguments = "METHOD [JSON|@FILE|-]",
   .most = 2,
   .summary = "make any CSI call by hand",
   .description = description,
   COMMAND_FLAGS(flags, Options),
   .run = run},
};

const CommandGroup csi_group = COMMAND_GROUP("csi", "make any CSI call by hand", commands);
