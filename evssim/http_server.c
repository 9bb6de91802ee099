#include "evssim/http_server.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "evssim/router.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/queue.h>

enum {
  HEADERS_MAX_BYTES = 128 << 10, /* the gateway's limit */
  IDLE_SECONDS = 120,
  DRIP_CHUNKS = 20,
  DRIP_INTERVAL_MS = 250,
};

struct HttpServer {
  Sim *sim;
  struct evhttp *http;
  SSL_CTX *tls;
  GHashTable *waiting; /* set of Pending* whose answer waits for its time */
};

/* A request whose answer is not out yet. */
typedef struct {
  HttpServer *server;
  struct evhttp_request *wire;
  Request *request;
  struct event *timer;
  struct evbuffer *body;
  gsize drip_bytes; /* of one chunk */
} Pending;

static void pending_free(Pending *pending)
{
  if (pending->timer)
    event_free(pending->timer);
  if (pending->body)
    evbuffer_free(pending->body);
  request_free(pending->request);
  g_free(pending);
}

/* ---- answers ---- */

static char *http_date(gint64 wall_us)
{
  static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  time_t seconds = (time_t)(wall_us / G_USEC_PER_SEC);
  struct tm utc;
  gmtime_r(&seconds, &utc);
  return g_strdup_printf("%s, %02d %s %d %02d:%02d:%02d GMT", days[utc.tm_wday], utc.tm_mday,
                         months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static void set_headers(Pending *pending)
{
  struct evkeyvalq *headers = evhttp_request_get_output_headers(pending->wire);
  const struct RequestPrivate *p = pending->request->p;
  g_autofree char *date = http_date(sim_cloud_us(pending->server->sim));
  evhttp_add_header(headers, "Date", date);
  evhttp_add_header(headers, "X-Request-Id", pending->request->request_id);
  if (p->reply_body || p->reply_plain)
    evhttp_add_header(headers, "Content-Type", p->reply_body ? "application/json" : "text/plain");
  for (guint i = 0; i + 1 < p->reply_headers->len; i += 2)
    evhttp_add_header(headers, g_ptr_array_index(p->reply_headers, i),
                      g_ptr_array_index(p->reply_headers, i + 1));
}

/* Replaces every leaf of an answer by one of another JSON type. */
static json_t *wrong_types(const json_t *value)
{
  const char *key;
  json_t *item;
  gsize index;
  switch (json_typeof(value)) {
  case JSON_OBJECT: {
    json_t *object = json_object();
    json_object_foreach((json_t *)value, key, item) json_object_set_new(object, key, wrong_types(item));
    return object;
  }
  case JSON_ARRAY: {
    json_t *array = json_array();
    json_array_foreach(value, index, item) json_array_append_new(array, wrong_types(item));
    return array;
  }
  case JSON_STRING:
    return json_integer(7);
  default:
    return json_string("seven");
  }
}

static void append_padding(struct evbuffer *body, gint64 bytes)
{
  g_autofree char *block = g_malloc(64 << 10);
  memset(block, ' ', 64 << 10);
  for (gint64 left = bytes - (gint64)evbuffer_get_length(body); left > 0; left -= 64 << 10)
    evbuffer_add(body, block, (gsize)MIN(left, 64 << 10));
}

/* The body as the fault of kind body wants it. */
static void build_body(Pending *pending, const FaultAction *spoil)
{
  const json_t *json = pending->request->p->reply_body;
  pending->body = evbuffer_new();
  if (!json) {
    const char *plain = pending->request->p->reply_plain;
    evbuffer_add(pending->body, plain ? plain : "", plain ? strlen(plain) : 0);
    return;
  }
  g_autoptr(json_t) replaced = spoil && spoil->mode == FAULT_BODY_TYPE ? wrong_types(json) : NULL;
  char *text = json_dumps(replaced ? replaced : json, JSON_COMPACT);
  gsize length = strlen(text);
  if (spoil && spoil->mode == FAULT_BODY_MALFORMED && length > 0)
    length--; /* without its last brace it is no JSON */
  evbuffer_add(pending->body, text, length);
  free(text);
  if (spoil)
    append_padding(pending->body, spoil->bytes);
}

static void finish(Pending *pending)
{
  g_hash_table_remove(pending->server->waiting, pending);
}

/* Says a Content-Length that the body does not reach, then closes. */
static void send_truncated(Pending *pending)
{
  struct evkeyvalq *headers = evhttp_request_get_output_headers(pending->wire);
  g_autofree char *length = g_strdup_printf("%zu", evbuffer_get_length(pending->body));
  evhttp_add_header(headers, "Content-Length", length);
  evhttp_add_header(headers, "Connection", "close");
  struct evbuffer *half = evbuffer_new();
  evbuffer_remove_buffer(pending->body, half, evbuffer_get_length(pending->body) / 2);
  evhttp_send_reply(pending->wire, pending->request->p->status, NULL, half);
  evbuffer_free(half);
  finish(pending);
}

static void on_drip(evutil_socket_t fd, short what, void *argument)
{
  Pending *pending = argument;
  (void)fd;
  (void)what;
  if (evbuffer_get_length(pending->body) == 0 || !evhttp_request_get_connection(pending->wire)) {
    evhttp_send_reply_end(pending->wire);
    finish(pending);
    return;
  }
  struct evbuffer *chunk = evbuffer_new();
  evbuffer_remove_buffer(pending->body, chunk, pending->drip_bytes);
  evhttp_send_reply_chunk(pending->wire, chunk);
  evbuffer_free(chunk);
  struct timeval interval = {.tv_usec = DRIP_INTERVAL_MS * 1000};
  evtimer_add(pending->timer, &interval);
}

static void send_dripping(Pending *pending)
{
  pending->drip_bytes = evbuffer_get_length(pending->body) / DRIP_CHUNKS + 1;
  evhttp_send_reply_start(pending->wire, pending->request->p->status, NULL);
  event_free(pending->timer);
  pending->timer = evtimer_new(pending->server->sim->events, on_drip, pending);
  on_drip(-1, 0, pending);
}

static void send_answer(Pending *pending)
{
  const struct RequestPrivate *p = pending->request->p;
  struct evhttp_connection *connection = evhttp_request_get_connection(pending->wire);
  const FaultAction *spoil = p->faults[FAULT_BODY];
  if (connection && p->status == 0) {
    evhttp_connection_free(connection); /* frees the wire request too */
    finish(pending);
    return;
  }
  set_headers(pending);
  build_body(pending, spoil);
  if (spoil && spoil->mode == FAULT_BODY_TRUNCATE && connection) {
    send_truncated(pending);
  } else if (spoil && spoil->mode == FAULT_BODY_DRIP && connection) {
    send_dripping(pending);
  } else {
    /* the client may have gone: then this only frees the wire request */
    evhttp_send_reply(pending->wire, p->status, NULL, pending->body);
    finish(pending);
  }
}

static void on_send(evutil_socket_t fd, short what, void *argument)
{
  (void)fd;
  (void)what;
  send_answer(argument);
}

/* ---- requests ---- */

static const char *method_name(enum evhttp_cmd_type command)
{
  switch (command) {
  case EVHTTP_REQ_GET:
    return "GET";
  case EVHTTP_REQ_POST:
    return "POST";
  case EVHTTP_REQ_PUT:
    return "PUT";
  case EVHTTP_REQ_DELETE:
    return "DELETE";
  case EVHTTP_REQ_HEAD:
    return "HEAD";
  case EVHTTP_REQ_PATCH:
    return "PATCH";
  default:
    return "OPTIONS";
  }
}

static gboolean from_loopback(struct evhttp_connection *connection)
{
  char *address = NULL;
  ev_uint16_t port;
  evhttp_connection_get_peer(connection, &address, &port);
  return address && (g_str_has_prefix(address, "127.") || g_str_equal(address, "::1") ||
                     g_str_has_prefix(address, "::ffff:127."));
}

static void on_request(struct evhttp_request *wire, void *argument)
{
  HttpServer *server = argument;
  Request *request =
    request_new(server->sim, method_name(evhttp_request_get_command(wire)), evhttp_request_get_uri(wire));
  struct evkeyval *header;
  for (header = evhttp_request_get_input_headers(wire)->tqh_first; header; header = header->next.tqe_next)
    request_add_header(request, header->key, header->value);
  struct evbuffer *input = evhttp_request_get_input_buffer(wire);
  request->body_bytes = evbuffer_get_length(input);
  if (request->body_bytes)
    request->body = evbuffer_pullup(input, -1);
  request->p->loopback = from_loopback(evhttp_request_get_connection(wire));
  router_dispatch(request);

  Pending *pending = g_new0(Pending, 1);
  pending->server = server;
  pending->wire = wire;
  pending->request = request;
  request->body = (const guint8 *)""; /* the wire's buffer may go before the answer does */
  request->body_bytes = 0;
  g_hash_table_add(server->waiting, pending);
  pending->timer = evtimer_new(server->sim->events, on_send, pending);
  if (request->p->delay_ms <= 0) {
    send_answer(pending);
    return;
  }
  struct timeval delay = {.tv_sec = request->p->delay_ms / 1000,
                          .tv_usec = request->p->delay_ms % 1000 * 1000};
  evtimer_add(pending->timer, &delay);
}

/* ---- the port ---- */

gboolean http_parse_address(const char *address, char **ret_host, guint16 *ret_port, GError **error)
{
  const char *colon = strrchr(address, ':');
  gint64 port;
  gsize length = colon ? (gsize)(colon - address) : 0;
  gboolean bracketed = length > 2 && address[0] == '[' && address[length - 1] == ']';
  if (!colon || length == 0 || !text_parse_int64(colon + 1, 0, G_MAXUINT16, &port) ||
      (!bracketed && memchr(address, ':', length)))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'%s' is no ADDRESS:PORT (127.0.0.1:0, [::1]:8470)", address);
  *ret_host = bracketed ? g_strndup(address + 1, length - 2) : g_strndup(address, length);
  *ret_port = (guint16)port;
  return TRUE;
}

static guint16 bound_port(struct evhttp_bound_socket *socket)
{
  struct sockaddr_storage storage = {0};
  socklen_t length = sizeof storage;
  if (getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&storage, &length) != 0)
    return 0;
  if (storage.ss_family == AF_INET6)
    return ntohs(((struct sockaddr_in6 *)(void *)&storage)->sin6_port);
  return ntohs(((struct sockaddr_in *)(void *)&storage)->sin_port);
}

static gboolean load_tls(HttpServer *server, const char *cert, const char *key, GError **error)
{
  server->tls = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(server->tls, TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(server->tls, cert) == 1 &&
      SSL_CTX_use_PrivateKey_file(server->tls, key, SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(server->tls) == 1)
    return TRUE;
  char cause[256];
  ERR_error_string_n(ERR_get_error(), cause, sizeof cause);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "cannot use --tls-cert '%s' with --tls-key '%s': %s",
                       cert, key, cause);
}

static struct bufferevent *new_tls_connection(struct event_base *events, void *argument)
{
  HttpServer *server = argument;
  struct bufferevent *stream = bufferevent_openssl_socket_new(
    events, -1, SSL_new(server->tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
  return stream;
}

HttpServer *http_server_new(Sim *sim, const char *address, const char *cert, const char *key, GError **error)
{
  g_autofree char *host = NULL;
  guint16 port;
  if (!http_parse_address(address, &host, &port, error))
    return NULL;
  HttpServer *server = g_new0(HttpServer, 1);
  server->sim = sim;
  server->waiting = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)pending_free, NULL);
  server->http = evhttp_new(sim->events);
  evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                             EVHTTP_REQ_DELETE | EVHTTP_REQ_HEAD | EVHTTP_REQ_PATCH |
                                             EVHTTP_REQ_OPTIONS);
  evhttp_set_max_headers_size(server->http, HEADERS_MAX_BYTES);
  evhttp_set_max_body_size(server->http, SIM_BODY_MAX);
  evhttp_set_timeout(server->http, IDLE_SECONDS);
  evhttp_set_gencb(server->http, on_request, server);
  if (cert && !load_tls(server, cert, key, error)) {
    http_server_free(server);
    return NULL;
  }
  if (cert)
    evhttp_set_bevcb(server->http, new_tls_connection, server);
  struct evhttp_bound_socket *socket = evhttp_bind_socket_with_handle(server->http, host, port);
  if (!socket) {
    evs_error_set_errno(error, EVS_CODE_UNAVAILABLE, errno, "cannot listen on '%s'", address);
    http_server_free(server);
    return NULL;
  }
  gboolean is_ipv6 = strchr(host, ':') != NULL;
  sim->base_url = g_strdup_printf("%s://%s%s%s:%u", cert ? "https" : "http", is_ipv6 ? "[" : "", host,
                                  is_ipv6 ? "]" : "", bound_port(socket));
  return server;
}

void http_server_free(HttpServer *server)
{
  if (!server)
    return;
  g_hash_table_unref(server->waiting);
  evhttp_free(server->http);
  if (server->tls)
    SSL_CTX_free(server->tls);
  g_free(server);
}
