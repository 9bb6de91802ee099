#include "evsctl/failure.h"

#include "evsctl/output.h"
#include "evsctl/session.h"

const ExitStatus exit_statuses[] = {
  {EXIT_OK, "done; of work that is waited for: ended well"},
  {EXIT_FAILED, "refused by the cloud, or failed; with several ids, at least one of them"},
  {EXIT_USAGE, "wrong command line or input; nothing was sent"},
  {EXIT_GOES_ON, "not known to be over: --timeout passed while the cloud works, or its answer was lost; look "
                 "before you repeat it"},
  {EXIT_INTERRUPTED, "interrupted by SIGINT or SIGTERM; what the cloud has taken goes on"},
  {0, NULL},
};

int failure_status(const GError *error)
{
  if (session_interrupted())
    return EXIT_INTERRUPTED;
  EvsCode code = evs_error_code(error);
  switch (evs_error_outcome(error)) {
  case EVS_OUTCOME_UNKNOWN:
    return EXIT_GOES_ON;
  case EVS_OUTCOME_UNSENT:
    if (error->domain == EVS_ERROR && (code == EVS_CODE_INVALID_ARGUMENT || code == EVS_CODE_NOT_FOUND))
      return EXIT_USAGE;
    return EXIT_FAILED;
  default:
    return EXIT_FAILED;
  }
}

static void print_line(const char *name, const char *text)
{
  g_autofree char *plain = output_plain_text(text);
  if (*plain)
    fprintf(stderr, "  %-9s %s\n", name, plain);
}

static void print_code(const GError *error)
{
  const char *code = evs_error_cloud_code(error);
  int http = evs_error_http_status(error);
  if (!*code && !http)
    return;
  g_autofree char *status = http ? g_strdup_printf("HTTP %d, ", http) : g_strdup("");
  g_autofree char *text =
    g_strdup_printf("%s (%s%s)", *code ? code : "none", status, evs_code_name(evs_error_code(error)));
  print_line("code:", text);
}

int failure_print(const GError *error)
{
  g_autofree char *text = output_plain_text(error->message);
  fprintf(stderr, "evsctl: %s\n", text);
  print_code(error);
  print_line("request:", evs_error_request_id(error));
  print_line("remedy:", evs_error_remedy(error));
  if (evs_error_outcome(error) == EVS_OUTCOME_UNKNOWN && !*evs_error_remedy(error))
    print_line("outcome:", "the cloud may have taken it: look before you send it again");
  return failure_status(error);
}

void failure_note(int *status, const GError *error)
{
  int one = failure_print(error);
  if (*status == EXIT_OK)
    *status = one;
}
