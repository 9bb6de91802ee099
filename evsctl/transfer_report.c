#include "evsctl/transfer_report.h"

#include "base/clock.h"
#include "evsctl/failure.h"

void transfer_problems_print(const GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++) {
    const TransferProblem *problem = problems->pdata[i];
    g_autoptr(GError) error = NULL;
    evs_error_set(&error, EVS_CODE_FAILED_PRECONDITION, "%s", problem->text);
    evs_error_set_remedy(error, problem->remedy);
    failure_print(error);
  }
}

json_t *transfer_problems_show(const GPtrArray *problems)
{
  json_t *rows = json_array();
  for (guint i = 0; i < problems->len; i++) {
    const TransferProblem *problem = problems->pdata[i];
    json_t *row = json_object();
    evs_json_set_text(row, "rule", problem->rule);
    evs_json_set_text(row, "text", problem->text);
    evs_json_set_text(row, "remedy", problem->remedy);
    json_array_append_new(rows, row);
  }
  return rows;
}

gboolean transfer_problems_refuse(guint problems, guint concerned, guint all, const char *what,
                                  const char *end, GError **error)
{
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "%u problem%s with %u of %u %s%s: %s", problems,
                problems == 1 ? "" : "s", concerned, all, what, all == 1 ? "" : "s", end);
  if (error)
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
  return FALSE;
}

void transfer_show_time(json_t *row, const char *key, gint64 wall_us)
{
  g_autofree char *text = wall_us ? clock_format_rfc3339(wall_us) : g_strdup("");
  evs_json_set_text(row, key, text);
}

json_t *transfer_handover_show(const Handover *handover)
{
  const struct {
    const char *key, *text;
  } members[] = {
    {"transfer_id", handover->transfer_id},
    {"volume_id", handover->volume_id},
    {"volume_type", handover->volume_type},
    {"availability_zone", handover->availability_zone},
    {"region", handover->region},
    {"project_id", handover->project_id},
    {"cluster", handover->cluster},
    {"driver", handover->driver},
    {"fs_type", handover->fs_type},
    {"volume_mode", handover->volume_mode},
    {"pv_name", handover->pv_name},
    {"pvc_name", handover->pvc_name},
    {"pvc_namespace", handover->pvc_namespace},
    {"to", handover->to},
  };
  json_t *row = json_object();
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    evs_json_set_text(row, members[i].key, members[i].text);
  evs_json_set_int(row, "size_gib", handover->size_gib);
  evs_json_set_map(row, "labels", handover->labels);
  transfer_show_time(row, "created", handover->created_wall_us);
  transfer_show_time(row, "expires", handover->expires_wall_us);
  return row;
}
