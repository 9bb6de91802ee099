#include "controller/recycle_bin.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "evsclient/quota.h"

struct RecycleBin {
  EvsClient *client;
  Mutex lock; /* guards what follows */
  gboolean on;
  gint64 until_us; /* when the policy is asked again */
};

RecycleBin *recycle_bin_new(EvsClient *client)
{
  RecycleBin *bin = g_new0(RecycleBin, 1);
  bin->client = client;
  mutex_init(&bin->lock);
  return bin;
}

void recycle_bin_free(RecycleBin *bin)
{
  if (!bin)
    return;
  mutex_destroy(&bin->lock);
  g_free(bin);
}

/* TRUE: the cached answer is good enough, or the caller is not the one to ask. */
static gboolean is_known(RecycleBin *bin, gboolean *ret_on)
{
  MUTEX_HOLD(&bin->lock);
  *ret_on = bin->on;
  gint64 now_us = clock_now_us();
  if (bin->until_us > now_us)
    return TRUE;
  bin->until_us = clock_deadline_in_ms(RECYCLE_POLICY_MS);
  return FALSE;
}

static gboolean is_on(RecycleBin *bin, const EvsContext *context)
{
  gboolean on = FALSE;
  if (is_known(bin, &on))
    return on;
  g_autoptr(GError) error = NULL;
  if (!evs_recycle_bin_policy(bin->client, context, &on, &error))
    log_debug("the recycle bin's policy is unknown", LOG_TEXT("reason", error->message));
  MUTEX_HOLD(&bin->lock);
  bin->on = on;
  return on;
}

void recycle_bin_report(RecycleBin *bin, const EvsContext *context, const char *volume_id)
{
  if (!is_on(bin, context))
    return;
  g_autoptr(GError) error = NULL;
  g_autofree char *until = NULL;
  gboolean found = FALSE;
  if (!evs_recycle_bin_find(bin->client, context, volume_id, &found, &until, &error))
    log_warn("whether the deleted disk is in the recycle bin is unknown", LOG_TEXT("disk", volume_id),
             LOG_TEXT("reason", error->message));
  else if (found)
    log_info("the deleted disk lies in the recycle bin", LOG_TEXT("disk", volume_id),
             LOG_TEXT("until", until));
}
