#include "rpc/ops_http.h"

#include "base/metrics.h"
#include "base/text.h"
#include "base/thread.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { MAX_HEADER_BYTES = 8 * 1024, CONNECTION_SECONDS = 10, MAX_PORT = 65535 };

struct OpsHttp {
  struct event_base *base;
  struct evhttp *http;
  struct event *stop_event;
  int stop_fd; /* an eventfd: libevent's own calls are not for other threads */
  guint16 port;
  RpcServer *server;
  DaemonReady ready;
  void *data;
  Thread thread;
};

static void reply(struct evhttp_request *request, int status, const char *type, const char *text)
{
  evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
  struct evbuffer *body = evbuffer_new();
  evbuffer_add(body, text, strlen(text));
  evhttp_send_reply(request, status, NULL, body);
  evbuffer_free(body);
}

static void serve_metrics(struct evhttp_request *request, void *argument)
{
  (void)argument;
  g_autofree char *page = metrics_render();
  reply(request, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", page);
}

static void serve_health(struct evhttp_request *request, void *argument)
{
  (void)argument;
  reply(request, HTTP_OK, "text/plain; charset=utf-8", "ok\n");
}

static void serve_ready(struct evhttp_request *request, void *argument)
{
  OpsHttp *http = argument;
  g_autofree char *reason = NULL;
  if (!http->ready || http->ready(http->data, &reason)) {
    reply(request, HTTP_OK, "text/plain; charset=utf-8", "ok\n");
    return;
  }
  g_autofree char *text = g_strdup_printf("not ready: %s\n", reason ? reason : "no reason given");
  reply(request, HTTP_SERVUNAVAIL, "text/plain; charset=utf-8", text);
}

static void serve_pending(struct evhttp_request *request, void *argument)
{
  OpsHttp *http = argument;
  g_autofree char *pending = rpc_server_render_pending(http->server);
  reply(request, HTTP_OK, "application/json", pending);
}

static void serve_nothing(struct evhttp_request *request, void *argument)
{
  (void)argument;
  reply(request, HTTP_NOTFOUND, "text/plain; charset=utf-8", "not found\n");
}

static const struct {
  const char *path;
  void (*serve)(struct evhttp_request *request, void *argument);
} pages[] = {
  {"/metrics", serve_metrics},
  {"/healthz", serve_health},
  {"/readyz", serve_ready},
  {"/debug/pending", serve_pending},
};

/* "10.0.0.1:80" into its parts; an IPv6 address stands in brackets, an empty one means all. */
static gboolean split_address(const char *text, char **ret_host, guint16 *ret_port, GError **error)
{
  const char *colon = strrchr(text, ':');
  gint64 port;
  if (!colon || !text_parse_int64(colon + 1, 0, MAX_PORT, &port))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "http endpoint '%s' is not ADDR:PORT with a port of 0 to %d", text, MAX_PORT);
  g_autofree char *host = g_strndup(text, (gsize)(colon - text));
  gsize length = strlen(host);
  if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
    memmove(host, host + 1, length - 2);
    host[length - 2] = '\0';
  } else if (strchr(host, ':')) {
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "http endpoint '%s': an IPv6 address needs brackets", text);
  }
  *ret_host = *host ? g_steal_pointer(&host) : g_strdup("0.0.0.0");
  *ret_port = (guint16)port;
  return TRUE;
}

static guint16 bound_port(struct evhttp_bound_socket *socket)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &length) != 0)
    return 0;
  return g_ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void stop(evutil_socket_t fd, short events, void *argument)
{
  (void)fd, (void)events;
  event_base_loopbreak(argument);
}

static void *serve(void *argument)
{
  OpsHttp *http = argument;
  event_base_dispatch(http->base);
  return NULL;
}

static void ops_http_free(OpsHttp *http)
{
  if (http->stop_event)
    event_free(http->stop_event);
  if (http->http)
    evhttp_free(http->http);
  if (http->base)
    event_base_free(http->base);
  if (http->stop_fd >= 0)
    close(http->stop_fd);
  g_free(http);
}

static void set_up(OpsHttp *http)
{
  http->base = event_base_new();
  http->http = evhttp_new(http->base);
  evhttp_set_max_headers_size(http->http, MAX_HEADER_BYTES);
  evhttp_set_max_body_size(http->http, 0);
  evhttp_set_timeout(http->http, CONNECTION_SECONDS);
  evhttp_set_allowed_methods(http->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
  for (gsize i = 0; i < G_N_ELEMENTS(pages); i++)
    evhttp_set_cb(http->http, pages[i].path, pages[i].serve, http);
  evhttp_set_gencb(http->http, serve_nothing, NULL);
  http->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  http->stop_event = event_new(http->base, http->stop_fd, EV_READ, stop, http->base);
  event_add(http->stop_event, NULL);
}

OpsHttp *ops_http_start(const char *address, RpcServer *server, DaemonReady ready, void *data, GError **error)
{
  g_autofree char *host = NULL;
  guint16 port = 0;
  if (!split_address(address, &host, &port, error))
    return NULL;
  OpsHttp *http = g_new0(OpsHttp, 1);
  http->server = server;
  http->ready = ready;
  http->data = data;
  set_up(http);
  errno = 0;
  struct evhttp_bound_socket *socket = evhttp_bind_socket_with_handle(http->http, host, port);
  if (!socket) {
    evs_error_set_errno(error, EVS_CODE_INTERNAL, errno ? errno : EINVAL, "http endpoint '%s': cannot listen",
                        address);
    ops_http_free(http);
    return NULL;
  }
  http->port = bound_port(socket);
  http->thread = thread_start("http", serve, http);
  return http;
}

guint16 ops_http_port(const OpsHttp *http)
{
  return http->port;
}

void ops_http_stop(OpsHttp *http)
{
  if (!http)
    return;
  guint64 one = 1;
  (void)!TEMP_FAILURE_RETRY(write(http->stop_fd, &one, sizeof one));
  thread_join(http->thread);
  ops_http_free(http);
}
