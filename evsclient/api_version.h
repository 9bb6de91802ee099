/* What the service speaks: API versions (reference 5.1, 5.2, 7.7.1, 7.7.2) and extensions (7.1.9). Nothing here needs a
 * permission.
 *
 * All calls block, any thread; the context ends them (see client.h). What they return is newly allocated.
 */
#pragma once

#include "evsclient/client.h"
#include "evsclient/link.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *base, *type; /* "application/json", "application/vnd.openstack.volume+json;version=1" */
} EvsMediaType;

/* Strings are never NULL. */
typedef struct {
  char *id;                    /* "v2.0" */
  char *status;                /* CURRENT, SUPPORTED (older, works), DEPRECATED (may go) */
  char *version, *min_version; /* microversions: highest, lowest; "" if there are none */
  char *updated;               /* as the cloud wrote it */
  gint64 updated_wall_us;      /* the same on the wall clock, UTC; 0: unreadable */
  GPtrArray *links;            /* of EvsLink* */
  GPtrArray *media_types;      /* of EvsMediaType* */
} EvsVersion;

void evs_version_free(EvsVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsVersion, evs_version_free)

/* All versions, of EvsVersion* (5.1). */
GPtrArray *evs_version_list(EvsClient *client, const EvsContext *context, GError **error);
/* One version: "v1", "v2", "v3" (5.2). NOT_FOUND for any other, nothing is sent; also for one that the cloud has not. */
EvsVersion *evs_version_get(EvsClient *client, const EvsContext *context, const char *version,
                            GError **error);
/* The same in the OpenStack section of the reference (7.7.2, 7.7.1): the same requests, counted under their own ids. */
GPtrArray *evs_cinder_version_list(EvsClient *client, const EvsContext *context, GError **error);
EvsVersion *evs_cinder_version_get(EvsClient *client, const EvsContext *context, const char *version,
                                   GError **error);

/* Strings are never NULL. */
typedef struct {
  char *alias, *name, *description; /* alias: "OS-SCH-HNT" */
  char *updated;                    /* as the cloud wrote it */
  gint64 updated_wall_us;           /* the same on the wall clock, UTC; 0: unreadable */
  GPtrArray *links;                 /* of EvsLink* */
} EvsExtension;

/* Of EvsExtension* (7.1.9). */
GPtrArray *evs_extension_list(EvsClient *client, const EvsContext *context, GError **error);

#pragma GCC visibility pop
G_END_DECLS
