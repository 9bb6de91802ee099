#include "tests/harness/http_script.h"

#include "base/clock.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

enum { MAX_CONNECTIONS = 64, MAX_REQUEST = 4 << 20, DRIP_MS = 50 };

typedef struct {
  HttpScript *script;
  Thread thread;
  int fd;
  SSL *tls; /* NULL: plain */
} Connection;

struct HttpScript {
  int listener;
  SSL_CTX *tls; /* NULL: plain */
  char *url;
  Thread thread;
  Mutex lock;
  gboolean stop;
  GArray *rules; /* of ScriptRule; times counts down, 0 is replaced by G_MAXUINT */
  GPtrArray *requests;
  GPtrArray *connections; /* of Connection* */
};

/* Until the head and the announced body are there. NULL at the end of the connection. */
static char *read_request(Connection *connection)
{
  g_autoptr(GString) text = g_string_new(NULL);
  char chunk[4096];
  for (;;) {
    const char *head_end = strstr(text->str, "\r\n\r\n");
    if (head_end) {
      const char *length_header = strcasestr(text->str, "\r\nContent-Length:");
      gint64 length = length_header && length_header < head_end
                        ? g_ascii_strtoll(length_header + strlen("\r\nContent-Length:"), NULL, 10)
                        : 0;
      if (text->len >= (gsize)(head_end - text->str) + 4 + (gsize)length)
        return g_string_free(g_steal_pointer(&text), FALSE);
    }
    ssize_t got = connection->tls ? SSL_read(connection->tls, chunk, sizeof chunk)
                                  : recv(connection->fd, chunk, sizeof chunk, 0);
    if (got <= 0 || text->len > MAX_REQUEST)
      return NULL;
    g_string_append_len(text, chunk, got);
  }
}

static gboolean send_all(Connection *connection, const char *data, gsize length)
{
  while (length > 0) {
    ssize_t sent = connection->tls ? SSL_write(connection->tls, data, (int)MIN(length, G_MAXINT))
                                   : send(connection->fd, data, length, MSG_NOSIGNAL);
    if (sent <= 0)
      return FALSE;
    data += sent;
    length -= (gsize)sent;
  }
  return TRUE;
}

static gboolean is_stopping(HttpScript *script)
{
  MUTEX_HOLD(&script->lock);
  return script->stop;
}

static gboolean send_dripping(Connection *connection, const char *body)
{
  for (; *body && !is_stopping(connection->script); body++) {
    if (!send_all(connection, body, 1))
      return FALSE;
    clock_sleep_until(clock_deadline_in_ms(DRIP_MS));
  }
  return TRUE;
}

/* TRUE to keep the connection. */
static gboolean answer(Connection *connection, const ScriptRule *rule, const char *request)
{
  ScriptAnswer made = {.status = rule->status ? rule->status : 200, .body = g_strdup(rule->body)};
  if (rule->answer)
    rule->answer(rule->data, request, &made);
  if (rule->delay_ms > 0)
    clock_sleep_until(clock_deadline_in_ms(rule->delay_ms));
  g_autofree char *body = made.body ? made.body : g_strdup("");
  gsize length = strlen(body), announced = rule->kind == SCRIPT_TRUNCATE ? length + 100 : length;
  g_autofree char *head =
    g_strdup_printf("HTTP/1.1 %d Scripted\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
                    made.status, announced, rule->headers ? rule->headers : "");
  if (rule->kind == SCRIPT_DROP || !send_all(connection, head, strlen(head)))
    return FALSE;
  if (rule->kind == SCRIPT_DRIP)
    return send_dripping(connection, body);
  return send_all(connection, body, length) && rule->kind == SCRIPT_ANSWER;
}

static ScriptRule take_rule(HttpScript *script, const char *request)
{
  MUTEX_HOLD(&script->lock);
  g_ptr_array_add(script->requests, g_strdup(request));
  for (guint i = 0; i < script->rules->len; i++) {
    ScriptRule *rule = &g_array_index(script->rules, ScriptRule, i);
    if (rule->times > 0 && g_str_has_prefix(request, rule->match)) {
      if (rule->times != G_MAXUINT)
        rule->times--;
      return *rule;
    }
  }
  return (ScriptRule){.status = 404, .body = "{\"error\":{\"code\":\"EVS.5404\",\"message\":\"not found\"}}"};
}

static void *serve(void *argument)
{
  Connection *connection = argument;
  gboolean open = !connection->tls || SSL_accept(connection->tls) == 1;
  while (open) {
    g_autofree char *request = read_request(connection);
    if (!request)
      break;
    ScriptRule rule = take_rule(connection->script, request);
    open = answer(connection, &rule, request);
  }
  shutdown(connection->fd, SHUT_RDWR);
  return NULL;
}

static void *accept_all(void *argument)
{
  HttpScript *script = argument;
  for (;;) {
    int fd = accept4(script->listener, NULL, NULL, SOCK_CLOEXEC);
    MUTEX_HOLD(&script->lock);
    if (fd < 0 || script->stop) {
      if (fd >= 0)
        close(fd);
      return NULL;
    }
    if (script->connections->len >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    Connection *connection = g_new0(Connection, 1);
    connection->script = script;
    connection->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1},
               sizeof(int)); /* else the body waits for the head's ACK */
    if (script->tls) {
      connection->tls = SSL_new(script->tls);
      SSL_set_fd(connection->tls, fd);
    }
    g_ptr_array_add(script->connections, connection);
    connection->thread = thread_start("script-conn", serve, connection);
  }
}

static HttpScript *start(SSL_CTX *tls)
{
  HttpScript *script = g_new0(HttpScript, 1);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (script->listener < 0 || bind(script->listener, (struct sockaddr *)&address, length) != 0 ||
      listen(script->listener, MAX_CONNECTIONS) != 0 ||
      getsockname(script->listener, (struct sockaddr *)&address, &length) != 0)
    g_error("http_script: no loopback port");
  script->tls = tls;
  script->url = g_strdup_printf("http%s://127.0.0.1:%u", tls ? "s" : "", ntohs(address.sin_port));
  script->rules = g_array_new(FALSE, FALSE, sizeof(ScriptRule));
  script->requests = g_ptr_array_new_with_free_func(g_free);
  script->connections = g_ptr_array_new_with_free_func(g_free);
  mutex_init(&script->lock);
  script->thread = thread_start("script-accept", accept_all, script);
  return script;
}

HttpScript *http_script_start(void)
{
  return start(NULL);
}

HttpScript *http_script_start_tls(const char *certificate_path, const char *key_path)
{
  SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
  signal(SIGPIPE, SIG_IGN); /* SSL_write() has no MSG_NOSIGNAL */
  if (SSL_CTX_use_certificate_chain_file(tls, certificate_path) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls, key_path, SSL_FILETYPE_PEM) != 1)
    g_error("http_script: no certificate in '%s'", certificate_path);
  return start(tls);
}

void http_script_stop(HttpScript *script)
{
  {
    MUTEX_HOLD(&script->lock);
    script->stop = TRUE;
  }
  shutdown(script->listener, SHUT_RDWR);
  thread_join(script->thread);
  for (guint i = 0; i < script->connections->len; i++) {
    Connection *connection = script->connections->pdata[i];
    shutdown(connection->fd, SHUT_RDWR);
    thread_join(connection->thread);
    SSL_free(connection->tls);
    close(connection->fd);
  }
  close(script->listener);
  g_array_unref(script->rules);
  g_ptr_array_unref(script->requests);
  g_ptr_array_unref(script->connections);
  mutex_destroy(&script->lock);
  SSL_CTX_free(script->tls);
  g_free(script->url);
  g_free(script);
}

const char *http_script_url(HttpScript *script)
{
  return script->url;
}

void http_script_add(HttpScript *script, ScriptRule rule)
{
  if (rule.times == 0)
    rule.times = G_MAXUINT;
  MUTEX_HOLD(&script->lock);
  g_array_append_val(script->rules, rule);
}

void http_script_clear(HttpScript *script)
{
  MUTEX_HOLD(&script->lock);
  g_array_set_size(script->rules, 0);
  g_ptr_array_set_size(script->requests, 0);
}

guint http_script_count(HttpScript *script, const char *prefix)
{
  MUTEX_HOLD(&script->lock);
  guint count = 0;
  for (guint i = 0; i < script->requests->len; i++)
    count += g_str_has_prefix(script->requests->pdata[i], prefix);
  return count;
}

char *http_script_last(HttpScript *script, const char *prefix)
{
  MUTEX_HOLD(&script->lock);
  for (guint i = script->requests->len; i-- > 0;)
    if (g_str_has_prefix(script->requests->pdata[i], prefix))
      return g_strdup(script->requests->pdata[i]);
  return NULL;
}

guint http_script_connections(HttpScript *script)
{
  MUTEX_HOLD(&script->lock);
  return script->connections->len;
}
