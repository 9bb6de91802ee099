/* What a support bundle is made of: texts, each searched for secrets (secret_filter.h) before it goes into the archive.
 * What cannot be had is a line in the bundle's problems.txt and does not keep the rest out. One thread. */
#pragma once

#include "evsctl/archive.h"
#include "evsctl/secret_filter.h"
#include "evsctl/session.h"
#include "ownership/owner.h"

enum {
  BUNDLE_MAX_LOG = 16 << 20, /* of each log: its end */
  BUNDLE_MAX_LOGS = 64,
  BUNDLE_MAX_SOURCES = 64,
};

typedef struct {
  Session *session;
  const char *cluster_id, *driver_name; /* cluster_id NULL: the disks of all clusters */
  const char *pv_list;                  /* or NULL */
  const GPtrArray *sources;             /* of char *, "http://HOST:PORT"; or NULL */
  const GPtrArray *logs;                /* of char *, paths; or NULL */
  Archive *archive;
  SecretFilter *filter;
  GString *problems, *contents;
  GError *failure; /* the archive cannot be written: all later adding does nothing */
} Bundle;

/* what: one line for the list of contents. */
void bundle_add_text(Bundle *bundle, const char *name, const char *what, const char *text, gsize length);
/* Takes the reference. */
void bundle_add_json(Bundle *bundle, const char *name, const char *what, json_t *value);
void bundle_note_problem(Bundle *bundle, const char *what, const GError *error);

/* ---- the parts ---- */
void bundle_add_versions(Bundle *bundle); /* bundle_local.c: this program, its libraries, the system */
void bundle_add_config(
  Bundle *bundle);                    /* bundle_local.c: which keys are set, and values that are no secrets */
void bundle_add_logs(Bundle *bundle); /* bundle_local.c */
void bundle_add_pages(Bundle *bundle);  /* bundle_local.c: /metrics, /debug/pending, /healthz, /readyz */
void bundle_add_doctor(Bundle *bundle); /* bundle_cloud.c */
void bundle_add_cloud(Bundle *bundle);  /* bundle_cloud.c: disks, snapshots, orphans */
