/* evsctl doctor: checks of everything that the driver stands on, each with what was found and what helps. Nothing is
 * changed: permissions are told by calls that the cloud must refuse for another reason once they are permitted.
 *
 * Checks that cannot be made because an earlier one failed are `skipped`. */
#pragma once

#include "evsctl/session.h"

typedef enum { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_SKIPPED } DoctorResult;

typedef struct {
  Session *session;
  const GPtrArray *zones; /* of char *: zones that nodes are in, or NULL */
  const char *nodes;      /* "kubectl", "-", a file: JSON of the nodes; or NULL */
  json_t *checks;         /* of {"check", "result", "found", "remedy"} */
  DoctorResult worst;     /* OK, WARN or FAIL */
  gboolean is_reachable;  /* the EVS endpoint answers */
  gboolean is_known;      /* the credentials are accepted and the project is known */
  guint endpoint_count;   /* endpoints that answered */
} Doctor;

/* Adds a row. remedy: NULL for none. Takes `found`. */
void doctor_add(Doctor *doctor, const char *check, DoctorResult result, char *found, const char *remedy);
/* From an error: its text, code and request id. remedy NULL: the error's own. */
void doctor_add_error(Doctor *doctor, const char *check, DoctorResult result, const GError *error,
                      const char *remedy);
const char *doctor_result_name(DoctorResult result); /* static */

/* At most this long for one call of a check. */
EvsContext doctor_context(Doctor *doctor);

/* ---- the groups of checks, in this order. FALSE: nothing more can be checked ---- */
gboolean doctor_check_config(Doctor *doctor);  /* doctor_config.c: file, mode, settings */
void doctor_check_endpoints(Doctor *doctor);   /* doctor_endpoint.c: reach, certificate, clock, simulator */
void doctor_check_credentials(Doctor *doctor); /* doctor_config.c: accepted? which project? */
void doctor_check_permissions(Doctor *doctor); /* doctor_permission.c: each action by a dry probe */
void doctor_check_quota(Doctor *doctor);       /* doctor_cloud.c */
void doctor_check_zones(Doctor *doctor);       /* doctor_zone.c: types and sold-out ones, zones of nodes */
void doctor_check_features(Doctor *doctor);    /* doctor_cloud.c: idempotency tokens, recycle bin */

/* All of them. */
void doctor_run(Doctor *doctor);
/* {"result", "checks"}; takes doctor->checks. For people, newly allocated. */
json_t *doctor_show(Doctor *doctor);
char *doctor_text(const Doctor *doctor);
