#include "evssim/profile.h"

#include "base/error.h"
#include "evssim/jsonread.h"

#include <math.h>

enum {
  CLAMP_MIN_MS = 500,
  CLAMP_MAX_MS = 30000,
  OUTSIDE_FACTOR = 10, /* how far a draw may lie from a median beyond the clamp */
  MEDIAN_MAX_MS = 24 * 3600 * 1000,
  DELAY_MAX_MS = 60000,
};

typedef struct {
  double median_ms, sigma;
  GRand *random;
} JobTiming;

/* Of every type known to the simulator; other names in a file are errors. */
static const struct {
  const char *type;
  double fast_ms, realistic_ms;
} known_jobs[] = {
  {"createVolume", 5, 6000},    {"deleteVolume", 5, 4000},     {"extendVolume", 5, 5000},
  {"attachVolume", 5, 3000},    {"detachVolume", 5, 3000},     {"createSnapshot", 5, 5000},
  {"deleteSnapshot", 5, 3000},  {"rollbackSnapshot", 5, 8000}, {"retypeVolume", 5, 20000},
  {"modifyVolumeQos", 5, 4000}, {"acceptTransfer", 5, 2000},   {"uploadImage", 5, 20000},
};

static void timing_free(JobTiming *timing)
{
  g_rand_free(timing->random);
  g_free(timing);
}

static void set_timing(Profile *profile, const char *type, double median_ms, double sigma)
{
  JobTiming *timing = g_new0(JobTiming, 1);
  timing->median_ms = median_ms;
  timing->sigma = sigma;
  guint32 seeds[] = {(guint32)profile->seed, (guint32)((guint64)profile->seed >> 32), g_str_hash(type)};
  timing->random = g_rand_new_with_seed_array(seeds, G_N_ELEMENTS(seeds));
  g_hash_table_insert(profile->jobs, g_strdup(type), timing);
}

static Profile *profile_new(gint64 seed, gboolean realistic)
{
  Profile *profile = g_new0(Profile, 1);
  profile->seed = seed;
  profile->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)timing_free);
  for (gsize i = 0; i < G_N_ELEMENTS(known_jobs); i++)
    set_timing(profile, known_jobs[i].type, realistic ? known_jobs[i].realistic_ms : known_jobs[i].fast_ms,
               realistic ? 0.5 : 0.3);
  profile->rate_per_api = TRUE;
  profile->rate_burst = 20;
  if (realistic) {
    profile->rate_rps = 10;
    profile->http_ms = 30;
    profile->list_lag_ms = 1000;
  }
  return profile;
}

static gboolean read_jobs(Profile *profile, const json_t *document, const char *where, GError **error)
{
  static const char *const keys[] = {"median_ms", "sigma", NULL};
  const char *type;
  json_t *jobs, *item;
  if (!jsonread_object(document, where, "jobs", &jobs, error))
    return FALSE;
  json_object_foreach(jobs, type, item)
  {
    g_autofree char *at = g_strdup_printf("%s: jobs.%s", where, type);
    double median_ms, sigma;
    if (!g_hash_table_contains(profile->jobs, type))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: no such job type", at);
    if (!json_is_object(item))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: must be an object", at);
    if (!jsonread_known(item, at, keys, error) ||
        !jsonread_number(item, at, "median_ms", 0, MEDIAN_MAX_MS, 5, &median_ms, error) ||
        !jsonread_number(item, at, "sigma", 0, 5, 0, &sigma, error))
      return FALSE;
    set_timing(profile, type, median_ms, sigma);
  }
  return TRUE;
}

static gboolean read_rate(Profile *profile, const json_t *document, const char *where, GError **error)
{
  static const char *const keys[] = {"per", "rps", "burst", NULL};
  static const char *const pers[] = {"user", "user+api", NULL};
  json_t *rate;
  int per;
  if (!jsonread_object(document, where, "rate", &rate, error))
    return FALSE;
  if (!rate)
    return TRUE;
  g_autofree char *at = g_strdup_printf("%s: rate", where);
  if (!jsonread_known(rate, at, keys, error) || !jsonread_choice(rate, at, "per", pers, 1, &per, error) ||
      !jsonread_number(rate, at, "rps", 0, 1e6, 0, &profile->rate_rps, error) ||
      !jsonread_integer(rate, at, "burst", 1, 1000000, 20, &profile->rate_burst, error))
    return FALSE;
  profile->rate_per_api = per == 1;
  return TRUE;
}

Profile *profile_parse(const json_t *document, const char *where, gint64 seed, GError **error)
{
  static const char *const keys[] = {"jobs",        "rate",   "http_ms", "client_token",
                                     "list_lag_ms", "quirks", NULL};
  static const char *const modes[] = {"on", "ignored", "refused", NULL};
  g_autoptr(Profile) profile = profile_new(seed, FALSE);
  int mode;
  if (!jsonread_known(document, where, keys, error) || !read_jobs(profile, document, where, error) ||
      !read_rate(profile, document, where, error) ||
      !jsonread_integer(document, where, "http_ms", 0, DELAY_MAX_MS, 0, &profile->http_ms, error) ||
      !jsonread_integer(document, where, "list_lag_ms", 0, DELAY_MAX_MS, 0, &profile->list_lag_ms, error) ||
      !jsonread_choice(document, where, "client_token", modes, CLIENT_TOKEN_ON, &mode, error) ||
      !jsonread_boolean(document, where, "quirks", FALSE, &profile->quirks, error))
    return NULL;
  profile->client_token = (ClientTokenMode)mode;
  return g_steal_pointer(&profile);
}

Profile *profile_load(const char *name, gint64 seed, GError **error)
{
  if (g_str_equal(name, "fast") || g_str_equal(name, "realistic"))
    return profile_new(seed, g_str_equal(name, "realistic"));
  g_autoptr(json_t) document = jsonread_file(name, error);
  if (!document) {
    g_prefix_error(error, "profile (fast, realistic or a file): ");
    return NULL;
  }
  return profile_parse(document, name, seed, error);
}

void profile_free(Profile *profile)
{
  if (!profile)
    return;
  g_hash_table_unref(profile->jobs);
  g_free(profile);
}

/* Standard normal draw (Box-Muller; the second value is not kept, so that a draw depends on its number alone). */
static double draw_normal(GRand *random)
{
  double u = 1.0 - g_rand_double(random), v = g_rand_double(random);
  return sqrt(-2.0 * log(u)) * cos(2.0 * G_PI * v);
}

gint64 profile_draw_us(Profile *profile, const char *job_type)
{
  const JobTiming *timing = g_hash_table_lookup(profile->jobs, job_type);
  g_assert(timing);
  double ms = timing->median_ms * exp(timing->sigma * draw_normal(timing->random));
  double least = timing->median_ms < CLAMP_MIN_MS ? timing->median_ms / OUTSIDE_FACTOR : CLAMP_MIN_MS;
  double most = timing->median_ms > CLAMP_MAX_MS ? timing->median_ms * OUTSIDE_FACTOR : CLAMP_MAX_MS;
  ms = CLAMP(ms, least, most);
  return (gint64)(ms * 1000.0);
}
