/* Projects that the credentials may use (IAM, cloud-facts D). The client finds its own by the region's name; this is for
 * people who look for an id.
 *
 * All calls block, any thread; the context ends them (see client.h). What they return is newly allocated.
 */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Strings are never NULL. */
typedef struct {
  char *id, *name, *domain_id,
    *description; /* name: "cn-north-4", or with "_" and a name of one's own behind it */
  gboolean enabled;
} EvsProject;

void evs_project_free(EvsProject *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsProject, evs_project_free)

/* Of EvsProject*; name: only the one of that name; NULL: all. */
GPtrArray *evs_project_list(EvsClient *client, const EvsContext *context, const char *name, GError **error);

#pragma GCC visibility pop
G_END_DECLS
