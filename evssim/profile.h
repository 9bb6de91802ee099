/* profile: how fast, how strict. {"jobs":{"createVolume":{"median_ms":6000,"sigma":0.5}},
 * "rate":{"per":"user+api|user","rps":10,"burst":20},"http_ms":30,"client_token":"on|ignored|refused","list_lag_ms":1000,
 * "quirks":false}
 *
 * A job's duration is drawn from a log-normal distribution (median, sigma of the logarithm), each type from its own
 * generator seeded by (seed, type): the n-th job of a type takes the same time in every run. Draws are clamped to
 * 0.5 .. 30 s; where the median itself lies outside, to a tenth or ten times of it. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum { CLIENT_TOKEN_ON, CLIENT_TOKEN_IGNORED, CLIENT_TOKEN_REFUSED } ClientTokenMode;

typedef struct Profile {
  GHashTable *jobs; /* type -> JobTiming* */
  gint64 seed;
  gboolean rate_per_api; /* the bucket is the user's and the operation's, else the user's alone */
  double rate_rps;       /* 0: no limit */
  gint64 rate_burst;
  gint64 http_ms;
  gint64 list_lag_ms; /* from the making of a disk or snapshot until lists have it */
  ClientTokenMode client_token;
  gboolean quirks; /* quirks.h */
} Profile;

/* name: "fast", "realistic" or the path of a JSON file (which starts from fast's values). */
Profile *profile_load(const char *name, gint64 seed, GError **error);
/* From a document; where is for errors. */
Profile *profile_parse(const json_t *document, const char *where, gint64 seed, GError **error);
void profile_free(Profile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Profile, profile_free)

/* The duration of the next job of this type, in virtual microseconds. */
gint64 profile_draw_us(Profile *profile, const char *job_type);
