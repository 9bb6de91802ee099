/* Availability zones (reference 7.8.1) and disk types (7.1.4, 7.1.5); both lists are kept for 5 minutes in the client.
 *
 * All calls block, any thread; the context ends them (see client.h). What they return is newly allocated.
 */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Strings are never NULL. */
typedef struct {
  char *id, *name; /* name: "SSD"; creating a disk takes the name, a list's filter volume_type_id the id */
  char *description;
  char **zones;    /* NULL: offered in all */
  char **sold_out; /* never NULL */
  char *backend;   /* volume_backend_name; "" if it is not told */
  char *qos_id;    /* qos_specs_id; "" if it has none */
  gboolean is_public;
} EvsDiskType;

void evs_disk_type_free(EvsDiskType *type);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsDiskType, evs_disk_type_free)

/* Of EvsDiskType* (7.1.4). The returned array is the caller's (g_ptr_array_unref). */
GPtrArray *evs_disk_type_list(EvsClient *client, const EvsContext *context, GError **error);
/* One type by its id, asked anew (7.1.5). NOT_FOUND when there is none. */
EvsDiskType *evs_disk_type_get(EvsClient *client, const EvsContext *context, const char *type_id,
                               GError **error);

typedef struct {
  char *name;
  gboolean available; /* also if the cloud does not say */
  char *state;        /* that as the cloud wrote it; "" if it did not */
} EvsZone;

void evs_zone_free(EvsZone *zone);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsZone, evs_zone_free)

/* Names of the available zones, of char* (7.8.1). The returned array is the caller's (g_ptr_array_unref). */
GPtrArray *evs_zone_list(EvsClient *client, const EvsContext *context, GError **error);
/* All zones, of EvsZone*. */
GPtrArray *evs_zone_list_all(EvsClient *client, const EvsContext *context, GError **error);

typedef enum { EVS_OFFER_YES, EVS_OFFER_NO_TYPE, EVS_OFFER_NOT_IN_ZONE, EVS_OFFER_SOLD_OUT } EvsOffer;
/* Is the type offered in the zone? */
EvsOffer evs_disk_type_offer(GPtrArray *types, const char *type, const char *zone);

#pragma GCC visibility pop
G_END_DECLS
