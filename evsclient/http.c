#include "evsclient/http.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "evsclient/echo.h"

#include <sys/socket.h>

enum {
  IDLE_POLL_MS = 60 * 1000,
  MAX_HEADER_VALUE = 64 * 1024,
  MAX_REQUEST_ID = 128,
  FIRST_ERROR_STATUS = 400
};

typedef enum { TRANSFER_QUEUED, TRANSFER_RUNNING, TRANSFER_DONE } TransferState;

/* Lives in its caller's frame until it is TRANSFER_DONE. */
typedef struct {
  const EvsHttpRequest *request;
  EvsHttpResponse *response;
  CURL *easy;          /* curl thread only */
  TransferState state; /* lock */
  gboolean abandoned;  /* lock: set by the caller */
  gboolean too_large;  /* curl thread, until DONE */
  CURLcode result;     /* from here on: valid when DONE */
  gboolean sent;
  char message[CURL_ERROR_SIZE];
  Cond done;
} Transfer;

struct EvsHttp {
  CURLM *multi;
  Thread thread;
  Mutex lock; /* guards what follows and the states of transfers */
  GQueue queued;
  GPtrArray *running;
  gboolean stop;
};

static size_t take_body(char *data, size_t size, size_t count, void *argument)
{
  Transfer *transfer = argument;
  if (transfer->response->body->len + size * count > HTTP_MAX_BODY) {
    transfer->too_large = TRUE;
    return 0;
  }
  g_string_append_len(transfer->response->body, data, (gssize)(size * count));
  return size * count;
}

/* The value if the line is the header of this name, else NULL. */
static char *header_value(const char *line, size_t length, const char *name)
{
  size_t name_length = strlen(name);
  if (length <= name_length || length > MAX_HEADER_VALUE || line[name_length] != ':' ||
      g_ascii_strncasecmp(line, name, name_length) != 0)
    return NULL;
  return g_strstrip(g_strndup(line + name_length + 1, length - name_length - 1));
}

static void replace_header(char **member, char *value)
{
  g_free(*member);
  *member = value;
}

static size_t take_header(char *line, size_t size, size_t count, void *argument)
{
  Transfer *transfer = argument;
  EvsHttpResponse *response = transfer->response;
  size_t length = size * count;
  char *value;
  if ((value = header_value(line, length, "X-Request-Id")) ||
      (value = header_value(line, length, "X-IAM-Trace-Id"))) {
    value[strnlen(value, MAX_REQUEST_ID)] = '\0'; /* it goes into logs and error texts */
    if (text_is_printable(value))
      replace_header(&response->request_id, value);
    else
      g_free(value);
  } else if ((value = header_value(line, length, "X-Subject-Token"))) {
    replace_header(&response->subject_token, value);
  } else if ((value = header_value(line, length, "Date"))) {
    time_t date = curl_getdate(value, NULL);
    response->date_us = date > 0 ? (gint64)date * G_USEC_PER_SEC : 0;
    g_free(value);
  }
  return length;
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  (void)data;
  (void)purpose;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void set_body(CURL *easy, const EvsHttpRequest *request)
{
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
  if (request->body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
  } else if (g_str_equal(request->method, "POST") || g_str_equal(request->method, "PUT")) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
  }
}

static void set_security(CURL *easy, const EvsHttpRequest *request)
{
  const EvsConfig *config = request->config;
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy && !request->no_proxy ? config->proxy : "");
  if (config->ca_file)
    curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
  if (config->insecure) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

static CURL *make_easy(Transfer *transfer)
{
  const EvsHttpRequest *request = transfer->request;
  CURL *easy = curl_easy_init();
  if (!easy)
    g_error("curl_easy_init");
  curl_easy_setopt(easy, CURLOPT_URL, request->url);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
  set_body(easy, request);
  set_security(easy, request);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(request->total_ms ? request->total_ms : HTTP_TOTAL_MS));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
  return easy;
}

/* With the lock held. */
static void finish(EvsHttp *http, Transfer *transfer, CURLcode result)
{
  if (transfer->easy) {
    long status = 0, request_bytes = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    transfer->response->status = (int)status;
    transfer->sent = request_bytes > 0;
    curl_multi_remove_handle(http->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    g_ptr_array_remove_fast(http->running, transfer);
  } else {
    g_queue_remove(&http->queued, transfer);
  }
  transfer->result = result;
  transfer->state = TRANSFER_DONE;
  cond_signal(&transfer->done);
}

/* With the lock held: ends what its caller gave up, starts what may start. */
static void schedule(EvsHttp *http)
{
  for (guint i = http->running->len; i-- > 0;) {
    Transfer *transfer = http->running->pdata[i];
    if (transfer->abandoned)
      finish(http, transfer, CURLE_ABORTED_BY_CALLBACK);
  }
  while (http->running->len < HTTP_MAX_CONNECTIONS && !g_queue_is_empty(&http->queued)) {
    Transfer *transfer = g_queue_pop_head(&http->queued);
    transfer->easy = make_easy(transfer);
    transfer->state = TRANSFER_RUNNING;
    g_ptr_array_add(http->running, transfer);
    if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
      g_error("curl_multi_add_handle");
  }
}

static void collect(EvsHttp *http)
{
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(http->multi, &left))) {
    if (message->msg != CURLMSG_DONE)
      continue;
    Transfer *transfer = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    CURLcode result = message->data.result;
    MUTEX_HOLD(&http->lock);
    finish(http, transfer, result);
  }
}

static void *run(void *argument)
{
  EvsHttp *http = argument;
  for (;;) {
    {
      MUTEX_HOLD(&http->lock);
      if (http->stop)
        return NULL;
      schedule(http);
    }
    int running = 0;
    curl_multi_perform(http->multi, &running);
    collect(http);
    gboolean more;
    {
      MUTEX_HOLD(&http->lock);
      more = http->stop || (!g_queue_is_empty(&http->queued) && http->running->len < HTTP_MAX_CONNECTIONS);
    }
    if (!more)
      curl_multi_poll(http->multi, NULL, 0, IDLE_POLL_MS, NULL);
  }
}

static void initialise_curl(void)
{
  static Mutex lock = MUTEX_INIT;
  static gboolean initialised;
  MUTEX_HOLD(&lock);
  if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    g_error("curl_global_init");
  initialised = TRUE;
}

EvsHttp *evs_http_new(void)
{
  initialise_curl();
  EvsHttp *http = g_new0(EvsHttp, 1);
  http->multi = curl_multi_init();
  if (!http->multi)
    g_error("curl_multi_init");
  /* Kept open between calls; transfers are limited by schedule(). */
  curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_MAX_CONNECTIONS);
  curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  mutex_init(&http->lock);
  g_queue_init(&http->queued);
  http->running = g_ptr_array_new();
  http->thread = thread_start("curl", run, http);
  return http;
}

void evs_http_free(EvsHttp *http)
{
  if (!http)
    return;
  {
    MUTEX_HOLD(&http->lock);
    http->stop = TRUE;
  }
  curl_multi_wakeup(http->multi);
  thread_join(http->thread);
  curl_multi_cleanup(http->multi);
  g_ptr_array_unref(http->running);
  mutex_destroy(&http->lock);
  g_free(http);
}

/* With the lock held; released while the context is asked. TRUE to go on waiting. */
static gboolean still_wanted(EvsHttp *http, const EvsContext *context, const Transfer *transfer,
                             GError **error)
{
  gboolean read = transfer->request->abandonable;
  if (!read && transfer->state == TRANSFER_RUNNING && clock_now_us() < context->deadline_us)
    return TRUE; /* sent: its answer is wanted whoever has left */
  mutex_unlock(&http->lock);
  gboolean wanted = evs_context_check(context, "cloud call", read, error);
  mutex_lock(&http->lock);
  return wanted;
}

/* Waits until the transfer is done; gives it up when the context ends and that may be done. */
static gboolean await(EvsHttp *http, const EvsContext *context, Transfer *transfer, GError **error)
{
  gboolean wanted = TRUE;
  MUTEX_HOLD(&http->lock);
  while (transfer->state != TRANSFER_DONE) {
    if (!wanted) {
      cond_wait(&transfer->done, &http->lock);
      continue;
    }
    wanted = still_wanted(http, context, transfer, error);
    if (transfer->state == TRANSFER_DONE)
      break;
    if (wanted) {
      cond_wait_until(&transfer->done, &http->lock, evs_context_slice(context));
    } else if (transfer->state == TRANSFER_QUEUED) {
      finish(http, transfer, CURLE_ABORTED_BY_CALLBACK);
    } else {
      transfer->abandoned = TRUE;
      curl_multi_wakeup(http->multi);
    }
  }
  return wanted;
}

static EvsCode code_of(const Transfer *transfer)
{
  switch (transfer->result) {
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL:
    return EVS_CODE_FAILED_PRECONDITION;
  default:
    return transfer->too_large ? EVS_CODE_INTERNAL : EVS_CODE_UNAVAILABLE;
  }
}

static void describe_failure(const Transfer *transfer, GError **error)
{
  g_autoptr(GUri) uri = g_uri_parse(transfer->request->url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri && g_uri_get_host(uri) ? g_uri_get_host(uri) : "?";
  if (transfer->too_large)
    evs_error_set(error, code_of(transfer), "the answer of '%s' is larger than %d bytes", host,
                  HTTP_MAX_BODY);
  else
    evs_error_set(error, code_of(transfer), "no answer from '%s': %s", host,
                  *transfer->message ? transfer->message : curl_easy_strerror(transfer->result));
}

gboolean evs_http_perform(EvsHttp *http, const EvsContext *context, const EvsHttpRequest *request,
                          EvsHttpResponse *ret_response, GError **error)
{
  *ret_response = (EvsHttpResponse){.body = g_string_new(NULL)};
  Transfer transfer = {.request = request, .response = ret_response};
  g_autoptr(GError) failure = NULL;
  cond_init(&transfer.done);
  {
    MUTEX_HOLD(&http->lock);
    g_queue_push_tail(&http->queued, &transfer);
  }
  curl_multi_wakeup(http->multi);
  gboolean wanted = await(http, context, &transfer, &failure);
  cond_destroy(&transfer.done);
  if (wanted && transfer.result == CURLE_OK) {
    if (ret_response->status >= FIRST_ERROR_STATUS)
      evs_echo_mask(request, ret_response->body);
    return TRUE;
  }
  if (wanted)
    describe_failure(&transfer, &failure);
  evs_error_set_outcome(failure, transfer.sent ? EVS_OUTCOME_UNKNOWN : EVS_OUTCOME_UNSENT);
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

void evs_http_response_clear(EvsHttpResponse *response)
{
  if (response->body) {
    explicit_bzero(response->body->str, response->body->len);
    g_string_free(response->body, TRUE);
  }
  if (response->subject_token)
    explicit_bzero(response->subject_token, strlen(response->subject_token));
  g_free(response->subject_token);
  g_free(response->request_id);
  *response = (EvsHttpResponse){0};
}

void evs_headers_add(struct curl_slist **headers, const char *name, const char *value)
{
  /* libcurl drops "Name:" and sends an empty header for "Name;". */
  char *line = *value ? g_strconcat(name, ": ", value, NULL) : g_strconcat(name, ";", NULL);
  *headers = curl_slist_append(*headers, line);
  explicit_bzero(line, strlen(line));
  g_free(line);
}

void evs_headers_free(struct curl_slist *headers)
{
  for (struct curl_slist *item = headers; item; item = item->next)
    explicit_bzero(item->data, strlen(item->data));
  curl_slist_free_all(headers);
}
