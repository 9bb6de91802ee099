#include "base/error.h"

typedef struct {
  char *cloud_code;
  char *request_id;
  char *remedy;
  int http_status;
  EvsOutcome outcome;
} EvsErrorPrivate;

static void evs_error_private_init(EvsErrorPrivate *detail)
{
  *detail = (EvsErrorPrivate){.outcome = EVS_OUTCOME_UNSENT};
}

static void evs_error_private_copy(const EvsErrorPrivate *source, EvsErrorPrivate *target)
{
  *target = (EvsErrorPrivate){
    .cloud_code = g_strdup(source->cloud_code),
    .request_id = g_strdup(source->request_id),
    .remedy = g_strdup(source->remedy),
    .http_status = source->http_status,
    .outcome = source->outcome,
  };
}

static void evs_error_private_clear(EvsErrorPrivate *detail)
{
  g_free(detail->cloud_code);
  g_free(detail->request_id);
  g_free(detail->remedy);
}

G_DEFINE_EXTENDED_ERROR(EvsError, evs_error)

#ifdef __SANITIZE_THREAD__
/* Registers the domain before there are threads: GLib's once-initialisation is correct without it, but
 * ThreadSanitizer cannot see that. Only there: in a statically linked program our constructors run before GLib's. */
__attribute__((constructor)) static void register_domain(void)
{
  (void)evs_error_quark();
}
#endif

static const EvsErrorPrivate *detail_of(const GError *error)
{
  static const EvsErrorPrivate none = {.outcome = EVS_OUTCOME_UNSENT};
  return error && error->domain == EVS_ERROR ? evs_error_get_private(error) : &none;
}

gboolean evs_error_set(GError **error, EvsCode code, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  if (error)
    *error = g_error_new_valist(EVS_ERROR, (int)code, format, arguments);
  va_end(arguments);
  return FALSE;
}

gboolean evs_error_set_errno(GError **error, EvsCode code, int errno_value, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  if (error) {
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    *error = g_error_new(EVS_ERROR, (int)code, "%s: %s", text, g_strerror(errno_value));
  }
  va_end(arguments);
  return FALSE;
}

static void replace(char **member, const char *value)
{
  if (!value)
    return;
  g_free(*member);
  *member = g_strdup(value);
}

void evs_error_set_cloud(GError *error, const char *cloud_code, int http_status, const char *request_id)
{
  EvsErrorPrivate *detail = evs_error_get_private(error);
  replace(&detail->cloud_code, cloud_code);
  replace(&detail->request_id, request_id);
  if (http_status != 0)
    detail->http_status = http_status;
}

void evs_error_set_remedy(GError *error, const char *remedy)
{
  replace(&evs_error_get_private(error)->remedy, remedy);
}

void evs_error_set_outcome(GError *error, EvsOutcome outcome)
{
  evs_error_get_private(error)->outcome = outcome;
}

EvsCode evs_error_code(const GError *error)
{
  return error && error->domain == EVS_ERROR ? (EvsCode)error->code : EVS_CODE_INTERNAL;
}

const char *evs_error_cloud_code(const GError *error)
{
  const char *code = detail_of(error)->cloud_code;
  return code ? code : "";
}

const char *evs_error_request_id(const GError *error)
{
  const char *id = detail_of(error)->request_id;
  return id ? id : "";
}

const char *evs_error_remedy(const GError *error)
{
  const char *remedy = detail_of(error)->remedy;
  return remedy ? remedy : "";
}

int evs_error_http_status(const GError *error)
{
  return detail_of(error)->http_status;
}

EvsOutcome evs_error_outcome(const GError *error)
{
  return detail_of(error)->outcome;
}

gboolean evs_error_is(const GError *error, EvsCode code)
{
  return error && evs_error_code(error) == code;
}

gboolean evs_error_is_cloud(const GError *error, const char *cloud_code)
{
  return error && g_str_equal(evs_error_cloud_code(error), cloud_code);
}

char *evs_error_describe(const GError *error)
{
  const EvsErrorPrivate *detail = detail_of(error);
  GString *line = g_string_new(error->message);
  const char *code = detail->cloud_code, *id = detail->request_id;
  if (code && *code && id && *id)
    g_string_append_printf(line, " (%s, request %s)", code, id);
  else if (code && *code)
    g_string_append_printf(line, " (%s)", code);
  else if (id && *id)
    g_string_append_printf(line, " (request %s)", id);
  if (detail->remedy && *detail->remedy)
    g_string_append_printf(line, ": %s", detail->remedy);
  return g_string_free(line, FALSE);
}

const char *evs_code_name(EvsCode code)
{
  static const char *const names[] = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
  };
  return (gsize)code < G_N_ELEMENTS(names) ? names[code] : "UNKNOWN";
}
