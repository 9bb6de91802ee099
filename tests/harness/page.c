#include "tests/harness/page.h"

#include <math.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* "...port":8080"; NULL: not said yet. Newly allocated. */
static char *port_text(const Plugin *plugin)
{
  g_autofree char *log = process_stderr(plugin->process);
  const char *line = strstr(log, "http endpoint listens"), *port = line ? strstr(line, "port\":") : NULL;
  return port ? g_strdup(port + strlen("port\":")) : NULL;
}

static gboolean has_port(void *data)
{
  g_autofree char *text = port_text(data);
  return text != NULL;
}

/* The pages come after the socket, which a test has waited for. */
guint16 plugin_http_port(const Plugin *plugin)
{
  if (!wait_until(has_port, (void *)plugin, HARNESS_START_MS))
    fail_msg("the plugin has not logged an http endpoint");
  g_autofree char *text = port_text(plugin);
  return (guint16)g_ascii_strtoull(text, NULL, 10);
}

char *plugin_page(const Plugin *plugin, const char *path)
{
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = g_htons(plugin_http_port(plugin)),
                                .sin_addr.s_addr = g_htonl(INADDR_LOOPBACK)};
  g_autofree char *request = g_strdup_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
  GString *answer = g_string_new(NULL);
  char chunk[4096];
  for (ssize_t got; (got = recv(fd, chunk, sizeof chunk, 0)) > 0;)
    g_string_append_len(answer, chunk, got);
  close(fd);
  return g_string_free(answer, FALSE);
}

char *plugin_metrics(const Plugin *plugin)
{
  g_autofree char *answer = plugin_page(plugin, "/metrics");
  const char *body = strstr(answer, "\r\n\r\n");
  if (!g_str_has_prefix(answer, "HTTP/1.1 200 ") || !body)
    fail_msg("/metrics answers: %s", answer);
  return g_strdup(body + strlen("\r\n\r\n"));
}

double metrics_value(const char *page, const char *series)
{
  gsize length = strlen(series);
  for (const char *line = page; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    if (strncmp(line, series, length) == 0 && line[length] == ' ')
      return g_ascii_strtod(line + length + 1, NULL);
  return NAN;
}
