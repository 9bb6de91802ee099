#include "evsctl/doctor.h"

#include "base/clock.h"

enum { CALL_MS = 20 * 1000 };

const char *doctor_result_name(DoctorResult result)
{
  static const char *const names[] = {"ok", "warn", "fail", "skipped"};
  return names[result];
}

void doctor_add(Doctor *doctor, const char *check, DoctorResult result, char *found, const char *remedy)
{
  json_t *row = json_object();
  evs_json_set_text(row, "check", check);
  evs_json_set_text(row, "result", doctor_result_name(result));
  evs_json_set_text(row, "found", found);
  evs_json_set_text(row, "remedy", result == DOCTOR_OK || !remedy ? "" : remedy);
  json_array_append_new(doctor->checks, row);
  if (result != DOCTOR_SKIPPED)
    doctor->worst = MAX(doctor->worst, result);
  g_free(found);
}

void doctor_add_error(Doctor *doctor, const char *check, DoctorResult result, const GError *error,
                      const char *remedy)
{
  const char *code = evs_error_cloud_code(error), *request = evs_error_request_id(error);
  const char *own = evs_error_remedy(error);
  doctor_add(doctor, check, result,
             g_strdup_printf("%s%s%s%s%s%s", error->message, *code ? " (" : "", code,
                             *request ? ", request " : "", *code ? request : "", *code ? ")" : ""),
             remedy ? remedy : own);
}

EvsContext doctor_context(Doctor *doctor)
{
  EvsContext context = *session_context(doctor->session);
  context.deadline_us = MIN(context.deadline_us, clock_deadline_in_ms(CALL_MS));
  return context;
}

void doctor_run(Doctor *doctor)
{
  doctor->checks = json_array();
  if (!doctor_check_config(doctor))
    return;
  doctor_check_endpoints(doctor);
  doctor_check_credentials(doctor);
  if (!doctor->is_known) {
    doctor_add(doctor, "permissions, quota, zones, features", DOCTOR_SKIPPED,
               g_strdup("the cloud does not know us, so it cannot be asked"), NULL);
    return;
  }
  doctor_check_permissions(doctor);
  doctor_check_quota(doctor);
  doctor_check_zones(doctor);
  doctor_check_features(doctor);
}

json_t *doctor_show(Doctor *doctor)
{
  json_t *shown = json_object();
  evs_json_set_text(shown, "result", doctor_result_name(doctor->worst));
  json_object_set_new(shown, "checks", g_steal_pointer(&doctor->checks));
  return shown;
}

char *doctor_text(const Doctor *doctor)
{
  GString *text = g_string_new(NULL);
  gsize i;
  json_t *row;
  json_array_foreach(doctor->checks, i, row)
  {
    g_autofree char *check = evs_json_text(row, "check"), *result = evs_json_text(row, "result");
    g_autofree char *found = evs_json_text(row, "found"), *remedy = evs_json_text(row, "remedy");
    g_autofree char *plain = output_plain_text(found), *plain_remedy = output_plain_text(remedy);
    g_string_append_printf(text, "%-8s %-32s %s\n", result, check, plain);
    if (remedy[0])
      g_string_append_printf(text, "%-8s %-32s -> %s\n", "", "", plain_remedy);
  }
  return g_string_free(text, FALSE);
}
