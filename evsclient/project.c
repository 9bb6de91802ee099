#include "evsclient/project.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

typedef struct {
  const char *name;
} ProjectFilter;

static const EvsField filter_fields[] = {
  EVS_FIELD(ProjectFilter, name, TEXT, "name", .least = 1, .most = 64, .help = "the project of this name"),
};
const EvsRecord evs_record_project_filter = EVS_RECORD("list of projects", ProjectFilter, filter_fields);

static const EvsField project_fields[] = {
  EVS_FIELD(EvsProject, id, TEXT, "id"),
  EVS_FIELD(EvsProject, name, TEXT, "name"),
  EVS_FIELD(EvsProject, domain_id, TEXT, "domain_id"),
  EVS_FIELD(EvsProject, description, TEXT, "description"),
  EVS_FIELD(EvsProject, enabled, BOOL, "enabled"),
};
const EvsRecord evs_record_project = EVS_RECORD("project", EvsProject, project_fields, .key = "id");

void evs_project_free(EvsProject *project)
{
  evs_record_free(&evs_record_project, project);
}

GPtrArray *evs_project_list(EvsClient *client, const EvsContext *context, const char *name, GError **error)
{
  ProjectFilter filter = {.name = name};
  EvsTypedCall call = {.op = EVS_OP_PROJECT_LIST, .query = &filter};
  return evs_typed_list(client, context, &call, (GDestroyNotify)evs_project_free, error);
}
