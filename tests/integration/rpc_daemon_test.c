/* rpc/daemon.c: options, the life from start to SIGTERM, the HTTP endpoint, what the log says and does not say. The
 * daemon runs in a thread of the test; SIGTERM goes to the process, whose threads all have it blocked. */
#include "base/log.h"
#include "base/text.h"
#include "rpc/daemon.h"
#include "tests/integration/rpc_support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define SECRET "s3cr3t-planted-0451"

enum { PATIENCE_MS = 10000, MAX_LOG_BYTES = 4 * 1024 * 1024 };

static gboolean parse(const char *const *arguments, DaemonOptions *ret_options, GError **error)
{
  static const GOptionEntry none[] = {{NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_auto(GStrv) copy = g_strdupv((char **)arguments);
  g_autofree char **argv = g_memdup2(copy, (g_strv_length(copy) + 1) * sizeof *copy);
  int argc = (int)g_strv_length(copy);
  char **cursor = argv;
  return daemon_parse(&argc, &cursor, "evs-csi-test", none, ret_options, error);
}

static void options_have_defaults_and_bad_ones_are_named(void **state)
{
  (void)state;
  DaemonOptions options;
  assert_true(parse((const char *[]){"x", NULL}, &options, NULL));
  assert_string_equal(options.endpoint, "unix:///run/csi.sock");
  assert_string_equal(options.driver_name, "evs.csi.huaweicloud.com");
  assert_null(options.http_endpoint);
  daemon_options_clear(&options);
  static const struct {
    const char *argument, *text;
  } rows[] = {
    {"--no-such-option", "--no-such-option"},
    {"stray", "unexpected argument 'stray'"},
    {"--log-level=loud", "log level 'loud' is not one of error, warn, info, debug"},
    {"--log-format=xml", "log format 'xml' is not one of text, json"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_false(parse((const char *[]){"x", rows[i].argument, NULL}, &options, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    if (!strstr(error->message, rows[i].text))
      fail_msg("'%s' does not say '%s'", error->message, rows[i].text);
    daemon_options_clear(&options);
  }
}

/* ---- a running daemon, its stderr in a file ---- */

typedef struct {
  char *directory, *log_path, *endpoint;
  int saved_stderr;
  DaemonOptions options;
  RpcServer *server;
  Thread thread;
  int exit_code;
} Daemon;

static ProtobufCMessage *handle_stage(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)data;
  const Csi__V1__NodeStageVolumeRequest *stage = request;
  if (g_str_equal(stage->volume_id, "bad")) {
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "volume '%s' is not blank", stage->volume_id);
    return NULL;
  }
  Csi__V1__NodeStageVolumeResponse *reply = g_new0(Csi__V1__NodeStageVolumeResponse, 1);
  csi__v1__node_stage_volume_response__init(reply);
  return &reply->base;
}

static const RpcMethod methods[] = {{.name = "NodeStageVolume", .handle = handle_stage}};

static gboolean is_ready(void *data, char **ret_reason)
{
  int *ready = data;
  if (__atomic_load_n(ready, __ATOMIC_ACQUIRE))
    return TRUE;
  *ret_reason = g_strdup("the cloud does not answer");
  return FALSE;
}

static int ready_flag;

static void *run(void *argument)
{
  Daemon *daemon = argument;
  daemon->exit_code = daemon_run(&daemon->options, daemon->server, is_ready, &ready_flag);
  return NULL;
}

/* Not inlined: gcc 12 would take the text read for a pointer into this frame. */
static G_NO_INLINE char *log_of(const Daemon *daemon)
{
  char *text = NULL;
  assert_true(text_read_file(daemon->log_path, MAX_LOG_BYTES, &text, NULL, NULL));
  return text;
}

/* Waits until the log contains the text; returns the log from there on. */
static char *wait_log(const Daemon *daemon, const char *text)
{
  gint64 until_us = clock_deadline_in_ms(PATIENCE_MS);
  for (;;) {
    g_autofree char *log = log_of(daemon);
    char *rest = g_strdup(strstr(log, text));
    if (rest)
      return rest;
    if (clock_now_us() > until_us)
      fail_msg("'%s' is not in the log: %s", text, log);
    clock_sleep_until(clock_deadline_in_ms(5));
  }
}

/* Of the test that runs, for its teardown. */
static Daemon *running;

static Daemon *daemon_start(const char *http_endpoint, const char *level)
{
  Daemon *daemon = g_new0(Daemon, 1);
  daemon->directory = g_dir_make_tmp("evs-daemon-XXXXXX", NULL);
  daemon->log_path = g_strconcat(daemon->directory, "/log", NULL);
  daemon->endpoint = g_strconcat("unix://", daemon->directory, "/csi.sock", NULL);
  g_autofree char *endpoint = g_strconcat("--endpoint=", daemon->endpoint, NULL);
  g_autofree char *http = g_strconcat("--http-endpoint=", http_endpoint, NULL);
  g_autofree char *log_level = g_strconcat("--log-level=", level, NULL);
  const char *arguments[] = {"evs-csi-test", endpoint, http, log_level, "--log-format=json", NULL};
  assert_true(parse(arguments, &daemon->options, NULL));
  int log_fd = open(daemon->log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  daemon->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
  dup2(log_fd, STDERR_FILENO);
  close(log_fd);
  RpcServerOptions options = {.endpoint = daemon->options.endpoint,
                              .max_concurrent_streams = 16,
                              .class_threads = 4,
                              .class_queue = 4,
                              .grace_ms = 1000};
  daemon->server = rpc_server_new(&options);
  rpc_server_add_service(daemon->server, &csi__v1__node__descriptor, methods, G_N_ELEMENTS(methods), NULL);
  daemon->thread = thread_start("daemon", run, daemon);
  running = daemon;
  return daemon;
}

/* Waits for its end, gives stderr back; returns the whole log. */
static char *daemon_end(Daemon *daemon, int *ret_exit_code)
{
  running = NULL;
  thread_join(daemon->thread);
  *ret_exit_code = daemon->exit_code;
  dup2(daemon->saved_stderr, STDERR_FILENO);
  close(daemon->saved_stderr);
  rpc_server_free(daemon->server);
  char *log = log_of(daemon);
  g_autofree char *lock_path = g_strconcat(daemon->directory, "/csi.sock.lock", NULL);
  g_unlink(daemon->log_path);
  g_unlink(lock_path);
  assert_int_equal(g_rmdir(daemon->directory), 0);
  daemon_options_clear(&daemon->options);
  g_free(daemon->directory);
  g_free(daemon->log_path);
  g_free(daemon->endpoint);
  g_free(daemon);
  log_init(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
  return log;
}

static char *stop_with(Daemon *daemon, int signal_number, int *ret_exit_code)
{
  assert_int_equal(kill(getpid(), signal_number), 0);
  return daemon_end(daemon, ret_exit_code);
}

/* A test that failed leaves its daemon: the next would wait for the wrong one. */
static int daemon_teardown(void **state)
{
  (void)state;
  int exit_code;
  if (running)
    g_free(stop_with(running, SIGTERM, &exit_code));
  return 0;
}

/* ---- HTTP ---- */

static guint16 http_port(const Daemon *daemon)
{
  g_autofree char *line = wait_log(daemon, "http endpoint listens");
  const char *port = strstr(line, "\"port\":");
  assert_non_null(port);
  return (guint16)g_ascii_strtoull(port + strlen("\"port\":"), NULL, 10);
}

/* The whole answer, status line first. */
static char *http(guint16 port, const char *request)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_port = g_htons(port), .sin_addr.s_addr = g_htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  /* One that refuses may close before it has read all. */
  (void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
  GString *answer = g_string_new(NULL);
  char chunk[4096];
  ssize_t got;
  while ((got = recv(fd, chunk, sizeof chunk, 0)) > 0)
    g_string_append_len(answer, chunk, got);
  close(fd);
  return g_string_free(answer, FALSE);
}

/* Or becomes so: what a call leaves behind is counted a moment after its answer. */
static void page_is(guint16 port, const char *method, const char *path, const char *status,
                    const char *content)
{
  g_autofree char *request =
    g_strdup_printf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
  g_autofree char *start = g_strconcat("HTTP/1.1 ", status, NULL);
  gint64 until_us = clock_deadline_in_ms(PATIENCE_MS);
  for (;;) {
    g_autofree char *answer = http(port, request);
    if (g_str_has_prefix(answer, start) && strstr(answer, content))
      return;
    if (clock_now_us() > until_us)
      fail_msg("%s %s: %s", method, path, answer);
  }
}

static EvsCode stage_with_secret(const char *endpoint, const char *volume)
{
  RpcClient *client = rpc_client_new(endpoint, NULL);
  Csi__V1__NodeStageVolumeRequest request = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
  Csi__V1__NodeStageVolumeRequest__SecretsEntry secret =
    CSI__V1__NODE_STAGE_VOLUME_REQUEST__SECRETS_ENTRY__INIT;
  secret.key = (char *)"password-" SECRET;
  secret.value = (char *)SECRET;
  request.volume_id = (char *)volume;
  request.n_secrets = 1;
  request.secrets = (Csi__V1__NodeStageVolumeRequest__SecretsEntry *[]){&secret};
  EvsCode code = call_node(client, "NodeStageVolume", &request.base, 5000, NULL);
  rpc_client_free(client);
  return code;
}

static void http_endpoint_serves_its_pages(void **state)
{
  (void)state;
  __atomic_store_n(&ready_flag, 0, __ATOMIC_RELEASE);
  Daemon *daemon = daemon_start("127.0.0.1:0", "info");
  guint16 port = http_port(daemon);
  g_free(wait_log(daemon, "\"msg\":\"ready\""));
  assert_int_equal(stage_with_secret(daemon->endpoint, "v1"), EVS_CODE_OK);
  page_is(port, "GET", "/healthz", "200", "ok");
  page_is(port, "GET", "/readyz", "503", "not ready: the cloud does not answer");
  __atomic_store_n(&ready_flag, 1, __ATOMIC_RELEASE);
  page_is(port, "GET", "/readyz", "200", "ok");
  page_is(port, "GET", "/metrics", "200", "evs_rpc_total{method=\"NodeStageVolume\",code=\"OK\"} ");
  page_is(port, "GET", "/metrics", "200", "evs_rpc_in_flight 0\n");
  page_is(port, "GET", "/metrics", "200", "evs_rpc_duration_seconds_count{method=\"NodeStageVolume\"} ");
  page_is(port, "GET", "/debug/pending", "200", "[]");
  page_is(port, "GET", "/", "404", "not found");
  page_is(port, "DELETE", "/healthz", "501", "");
  g_autofree char *huge_header = g_strnfill(100000, 'x');
  g_autofree char *huge = g_strdup_printf("GET /healthz HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", huge_header);
  g_free(http(port, huge)); /* refused or cut off; the next request is served all the same */
  page_is(port, "GET", "/healthz", "200", "ok");
  int exit_code;
  g_autofree char *log = stop_with(daemon, SIGTERM, &exit_code);
  assert_int_equal(exit_code, 0);
  assert_non_null(strstr(log, "\"signal\":\"SIGTERM\""));
  assert_non_null(strstr(log, "\"msg\":\"stopped\""));
}

/* All that a call logs, at every level: one line with method, id, code; the request at debug level; no secret. */
static void log_lines_are_whole_and_redacted(void **state)
{
  (void)state;
  static const char *const levels[] = {"error", "warn", "info", "debug"};
  for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
    Daemon *daemon = daemon_start("127.0.0.1:0", levels[i]);
    for (gint64 until_us = clock_deadline_in_ms(PATIENCE_MS);
         stage_with_secret(daemon->endpoint, "v1") != EVS_CODE_OK;)
      assert_true(clock_now_us() < until_us);
    assert_int_equal(stage_with_secret(daemon->endpoint, "bad"), EVS_CODE_FAILED_PRECONDITION);
    RpcClient *client = rpc_client_new(daemon->endpoint, NULL);
    g_autoptr(GBytes) reply = NULL; /* malformed, with the secret in it */
    assert_false(rpc_client_call_raw(client, "/csi.v1.Node/NodeStageVolume", "\x2a\x20" SECRET,
                                     strlen(SECRET) + 2, 5000, &reply, NULL));
    rpc_client_free(client);
    int exit_code;
    g_autofree char *log = stop_with(daemon, SIGINT, &exit_code);
    assert_int_equal(exit_code, 0);
    assert_null(strstr(log, SECRET));
    gboolean shows_calls = i >= 2, shows_requests = i >= 3;
    assert_int_equal(
      strstr(log, "\"method\":\"NodeStageVolume\",\"volume_id\":\"v1\",\"code\":\"OK\",\"ms\":") != NULL,
      shows_calls);
    assert_int_equal(strstr(log, "\"error\":\"volume 'bad' is not blank\"") != NULL, shows_calls);
    assert_int_equal(strstr(log, "\\\"secrets\\\":\\\"***\\\"") != NULL, shows_requests);
  }
}

static void failed_starts_exit_with_one_readable_line(void **state)
{
  (void)state;
  int exit_code;
  Daemon *daemon = daemon_start("127.0.0.1:99999", "info");
  g_autofree char *log = daemon_end(daemon, &exit_code);
  assert_int_equal(exit_code, 1);
  assert_non_null(strstr(log, "http endpoint '127.0.0.1:99999' is not ADDR:PORT with a port of 0 to 65535"));
  daemon = daemon_start("::1:80", "info");
  g_autofree char *brackets = daemon_end(daemon, &exit_code);
  assert_int_equal(exit_code, 1);
  assert_non_null(strstr(brackets, "an IPv6 address needs brackets"));
}

/* Children inherit the blocked signals unless the mask is reset: every thread here has SIGTERM blocked, and
 * posix_spawn with POSIX_SPAWN_SETSIGMASK, as all our spawns use it, undoes that for the child. */
static void signals_are_blocked_in_every_thread_and_not_in_children(void **state)
{
  (void)state;
  Daemon *daemon = daemon_start("127.0.0.1:0", "info");
  g_free(wait_log(daemon, "\"msg\":\"ready\""));
  g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
  const char *task;
  int checked = 0;
  while ((task = g_dir_read_name(tasks))) {
    g_autofree char *path = g_strdup_printf("/proc/self/task/%s/status", task), *text = NULL;
    if (!text_read_file(path, 65536, &text, NULL, NULL) || !strstr(text, "SigBlk:"))
      continue;
    guint64 blocked = g_ascii_strtoull(strstr(text, "SigBlk:") + strlen("SigBlk:"), NULL, 16);
    gboolean waits_for_it = g_str_has_prefix(text, "Name:\tdaemon\n"); /* sigwait opens the mask meanwhile */
    if (!waits_for_it && !(blocked & 1ull << (SIGTERM - 1)))
      fail_msg("SIGTERM is open: %s", text);
    checked++;
  }
  assert_true(checked > 4);
  posix_spawnattr_t attributes;
  sigset_t empty;
  sigemptyset(&empty);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, &empty);
  pid_t pid;
  char *argv[] = {(char *)"sleep", (char *)"60", NULL}, *environment[] = {NULL};
  assert_int_equal(posix_spawn(&pid, "/bin/sleep", NULL, &attributes, argv, environment), 0);
  posix_spawnattr_destroy(&attributes);
  assert_int_equal(kill(pid, SIGTERM), 0);
  int status;
  assert_int_equal(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)), pid);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  int exit_code;
  g_free(stop_with(daemon, SIGTERM, &exit_code));
  assert_int_equal(exit_code, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(options_have_defaults_and_bad_ones_are_named),
    cmocka_unit_test_teardown(http_endpoint_serves_its_pages, daemon_teardown),
    cmocka_unit_test_teardown(log_lines_are_whole_and_redacted, daemon_teardown),
    cmocka_unit_test_teardown(failed_starts_exit_with_one_readable_line, daemon_teardown),
    cmocka_unit_test_teardown(signals_are_blocked_in_every_thread_and_not_in_children, daemon_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
