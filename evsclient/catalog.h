/* Availability zones (7.8.1) and disk types (7.1.4), cached for 5 minutes each in the client. */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct {
  char *id, *name; /* name: "SSD" */
  char **zones;    /* NULL: offered in all */
  char **sold_out; /* never NULL */
} EvsDiskType;

/* Names of the available zones, of char*. The returned array is the caller's (g_ptr_array_unref). */
GPtrArray *evs_zone_list(EvsClient *client, const EvsContext *context, GError **error);
/* Of EvsDiskType*. */
GPtrArray *evs_disk_type_list(EvsClient *client, const EvsContext *context, GError **error);

typedef enum { EVS_OFFER_YES, EVS_OFFER_NO_TYPE, EVS_OFFER_NOT_IN_ZONE, EVS_OFFER_SOLD_OUT } EvsOffer;
/* Is the type offered in the zone? */
EvsOffer evs_disk_type_offer(GPtrArray *types, const char *type, const char *zone);

#pragma GCC visibility pop
G_END_DECLS
