/* evsctl csi: any CSI call by hand, as JSON. */
#include "base/error.h"
#include "base/text.h"
#include "evsctl/command.h"
#include "evsctl/csi_methods.h"
#include "evsctl/json_message.h"
#include "rpc/client.h"

#include <stdio.h>

#define DEFAULT_ENDPOINT "unix:///run/csi.sock"

enum { MAX_REQUEST_BYTES = 4 << 20, DEFAULT_TIMEOUT_S = 300, MAX_TIMEOUT_S = 86400 };

typedef struct {
  char *endpoint;
  char *get;
  gint64 timeout_s;
  gboolean list, template, compact;
} Options;

static const char *const summary =
  "METHOD is CreateVolume, Controller.CreateVolume or csi.v1.Controller/CreateVolume.\n"
  "JSON is the request: text, @FILE, or - for stdin; nothing is an empty request. Fields by their names in "
  "csi.proto\n"
  "or in lowerCamelCase, enums by name or number, 64-bit integers as number or string.\n\n"
  "Secrets do not belong on a command line, which all users of the machine can read: write @FILE or -.\n\n"
  "Exit status: 0 the call went well (its answer is on stdout), 1 it failed (gRPC code and text are on "
  "stderr),\n"
  "2 wrong usage or request (nothing was sent).\n\n"
  "Examples:\n"
  "  evsctl csi --endpoint=unix:///run/csi.sock GetPluginInfo\n"
  "  evsctl csi CreateVolume --template\n"
  "  evsctl csi CreateVolume @request.json --get=volume.volume_id\n";

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

static int call(const Options *options, const CsiMethod *method, const ProtobufCMessage *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(RpcClient) client =
    rpc_client_new(options->endpoint ? options->endpoint : DEFAULT_ENDPOINT, &error);
  if (!client)
    return usage_error(error);
  ProtobufCMessage *reply = rpc_client_call(client, method->service, method->method->name, request,
                                            options->timeout_s * 1000, &error);
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

static int run_method(const Options *options, const char *name, const char *argument)
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
  int status = call(options, &method, request);
  protobuf_c_message_free_unpacked(request, NULL);
  return status;
}

static gboolean parse_options(int *argc, char ***argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    {"endpoint", 0, 0, G_OPTION_ARG_STRING, &options->endpoint, "socket to call (" DEFAULT_ENDPOINT ")",
     "EP"},
    {"timeout", 0, 0, G_OPTION_ARG_INT64, &options->timeout_s, "deadline of the call in seconds (300)", "S"},
    {"get", 0, 0, G_OPTION_ARG_STRING, &options->get, "print only this value of the answer, text unquoted",
     "PATH"},
    {"compact", 0, 0, G_OPTION_ARG_NONE, &options->compact, "JSON on one line", NULL},
    {"list", 0, 0, G_OPTION_ARG_NONE, &options->list, "print all methods", NULL},
    {"template", 0, 0, G_OPTION_ARG_NONE, &options->template, "print the shape of METHOD's request", NULL},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
  };
  g_autoptr(GOptionContext) context = g_option_context_new("METHOD [JSON|@FILE|-] - make a CSI call");
  g_option_context_add_main_entries(context, entries, NULL);
  g_option_context_set_description(context, summary);
  if (!g_option_context_parse(context, argc, argv, error))
    return FALSE;
  if (options->timeout_s < 1 || options->timeout_s > MAX_TIMEOUT_S)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--timeout: accepted is 1 to %d", MAX_TIMEOUT_S);
  if (options->list ? *argc != 1 : *argc < 2 || *argc > 3)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "expected is METHOD [JSON|@FILE|-], or --list; see --help");
  return TRUE;
}

int csi_command_run(int argc, char **argv)
{
  Options options = {.timeout_s = DEFAULT_TIMEOUT_S};
  g_autoptr(GError) error = NULL;
  int status = EXIT_OK;
  g_set_prgname("evsctl csi");
  if (!parse_options(&argc, &argv, &options, &error))
    status = usage_error(error);
  else if (options.list)
    print_methods();
  else
    status = run_method(&options, argv[1], argc > 2 ? argv[2] : NULL);
  g_free(options.endpoint);
  g_free(options.get);
  return status;
}
