/* evsctl doctor: are the endpoints there, do their certificates hold, and what is their time? */
#include "base/clock.h"
#include "evsclient/http.h"
#include "evsctl/doctor.h"

enum { SKEW_WARN_S = 30, SKEW_FAIL_S = 15 * 60, LOOK_MS = 15 * 1000 };

typedef struct {
  Doctor *doctor;
  EvsHttp *http;
  const EvsConfig *config;
} Looking;

/* A path of the endpoint, without credentials: any answer shows that it is there. */
static gboolean get_page(const Looking *looking, const char *url, EvsHttpResponse *ret_response,
                         GError **error)
{
  EvsContext context = doctor_context(looking->doctor);
  const EvsHttpRequest request = {.method = "GET",
                                  .url = url,
                                  .fresh = TRUE,
                                  .abandonable = TRUE,
                                  .total_ms = LOOK_MS,
                                  .config = looking->config};
  return evs_http_perform(looking->http, &context, &request, ret_response, error);
}

static const char *remedy_of(const GError *error)
{
  if (evs_error_is(error, EVS_CODE_FAILED_PRECONDITION))
    return "set ca-file to the certificate of the cloud's authority; is a proxy between that opens TLS?";
  if (strstr(error->message, "resolve"))
    return "check region and cloud (or endpoint-...) in cloud-config, and the DNS of this machine";
  return "check routes, security groups and firewalls on the way, and 'proxy' in cloud-config";
}

static void check_clock(Doctor *doctor, gint64 date_us)
{
  gint64 skew_s = (date_us + G_USEC_PER_SEC / 2 - clock_wall_us()) / G_USEC_PER_SEC, distance = ABS(skew_s);
  doctor_add(doctor, "clock",
             distance >= SKEW_FAIL_S   ? DOCTOR_FAIL
             : distance >= SKEW_WARN_S ? DOCTOR_WARN
                                       : DOCTOR_OK,
             skew_s == 0 ? g_strdup("the cloud's, within a second")
                         : g_strdup_printf("the cloud's is %" G_GINT64_FORMAT " s %s", distance,
                                           skew_s > 0 ? "ahead" : "behind"),
             "set this machine's clock by NTP: the cloud refuses signatures that are 15 minutes off. The "
             "driver signs by "
             "the cloud's clock once it has learned it; other programs do not");
}

/* IAM is asked for tokens, and for the project unless it is configured. */
static gboolean needs_iam(const EvsConfig *config)
{
  return config->auth == EVS_AUTH_PASSWORD || !config->project_id;
}

static void check_endpoint(const Looking *looking, const char *name, const char *url,
                           gboolean *is_clock_known)
{
  g_autofree char *check = g_strconcat("endpoint ", name, NULL), *page = g_strconcat(url, "/", NULL);
  g_autoptr(GError) error = NULL;
  g_auto(EvsHttpResponse) response = {0};
  gint64 begin = clock_now_us();
  if (!get_page(looking, page, &response, &error)) {
    gboolean is_needed = !g_str_equal(name, "iam") || needs_iam(looking->config);
    doctor_add_error(looking->doctor, check, is_needed ? DOCTOR_FAIL : DOCTOR_WARN, error, remedy_of(error));
    return;
  }
  looking->doctor->endpoint_count++;
  looking->doctor->is_reachable |= g_str_equal(name, "evs");
  doctor_add(looking->doctor, check, DOCTOR_OK,
             g_strdup_printf("%s answers in %" G_GINT64_FORMAT " ms%s", url, (clock_now_us() - begin) / 1000,
                             !g_str_has_prefix(url, "https:") ? ", without TLS"
                             : looking->config->insecure      ? ", certificate not checked"
                                                              : ", certificate good"),
             NULL);
  if (response.date_us && !*is_clock_known) {
    check_clock(looking->doctor, response.date_us);
    *is_clock_known = TRUE;
  }
}

/* evs-sim has a page that no cloud has; only an endpoint on this machine is asked for it. */
static void check_simulator(const Looking *looking)
{
  g_autoptr(GUri) uri = g_uri_parse(looking->config->endpoint_evs, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host(uri) : NULL;
  g_auto(EvsHttpResponse) response = {0};
  if (host && g_uri_get_port(uri) > 0 &&
      (g_str_has_prefix(host, "127.") || g_str_equal(host, "localhost") || g_str_equal(host, "::1"))) {
    gboolean ipv6 = strchr(host, ':') != NULL;
    g_autofree char *url = g_strdup_printf(ipv6 ? "%s://[%s]:%d/_sim/stats" : "%s://%s:%d/_sim/stats",
                                           g_uri_get_scheme(uri), host, g_uri_get_port(uri));
    if (get_page(looking, url, &response, NULL) && response.status == 200) {
      doctor_add(looking->doctor, "cloud", DOCTOR_OK,
                 g_strdup("evs-sim, a simulator: what is kept there is not safe"), NULL);
      return;
    }
  }
  doctor_add(looking->doctor, "cloud", DOCTOR_OK,
             g_strdup_printf("%s, as far as one can tell", looking->config->cloud), NULL);
}

void doctor_check_endpoints(Doctor *doctor)
{
  const EvsConfig *config = session_config(doctor->session, NULL);
  const Looking looking = {doctor, evs_http_new(), config};
  const struct {
    const char *name, *url;
  } endpoints[] = {
    {"evs", config->endpoint_evs}, {"ecs", config->endpoint_ecs}, {"iam", config->endpoint_iam}};
  gboolean is_clock_known = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(endpoints); i++)
    check_endpoint(&looking, endpoints[i].name, endpoints[i].url, &is_clock_known);
  if (!is_clock_known)
    doctor_add(doctor, "clock", DOCTOR_SKIPPED, g_strdup("no endpoint told its time"), NULL);
  check_simulator(&looking);
  evs_http_free(looking.http);
}
