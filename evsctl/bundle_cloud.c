/* evsctl support-bundle: what the cloud tells. */
#include "base/clock.h"
#include "evsclient/records.h"
#include "evsclient/session.h"
#include "evsctl/bundle.h"
#include "evsctl/doctor.h"
#include "evsctl/orphan_show.h"

enum { MIN_AGE_S = 3600 };

void bundle_add_doctor(Bundle *bundle)
{
  Doctor doctor = {.session = bundle->session};
  doctor_run(&doctor);
  g_autofree char *text = doctor_text(&doctor);
  bundle_add_text(bundle, "doctor.txt", "evsctl doctor", text, strlen(text));
  bundle_add_json(bundle, "doctor.json", "the same for programs", doctor_show(&doctor));
}

static gboolean is_wanted(const Bundle *bundle, const char *cluster, const char *driver)
{
  if (!bundle->cluster_id)
    return cluster[0] || driver[0];
  return g_str_equal(cluster, bundle->cluster_id) && g_str_equal(driver, bundle->driver_name);
}

static void add_disks(Bundle *bundle, const GPtrArray *disks)
{
  json_t *rows = json_array();
  for (guint i = 0; i < disks->len; i++) {
    const EvsDisk *disk = disks->pdata[i];
    if (is_wanted(bundle, evs_disk_metadata(disk, OWNER_KEY_CLUSTER),
                  evs_disk_metadata(disk, OWNER_KEY_DRIVER)))
      json_array_append_new(rows, evs_record_show(&evs_record_disk, disk));
  }
  bundle_add_json(bundle, "disks.json", "disks of the cluster as the cloud tells them", rows);
}

static void add_snapshots(Bundle *bundle, const GPtrArray *snapshots)
{
  json_t *rows = json_array();
  for (guint i = 0; i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (is_wanted(bundle, evs_snapshot_metadata(snapshot, OWNER_KEY_CLUSTER),
                  evs_snapshot_metadata(snapshot, OWNER_KEY_DRIVER)))
      json_array_append_new(rows, evs_record_show(&evs_record_snapshot, snapshot));
  }
  bundle_add_json(bundle, "snapshots.json", "snapshots of the cluster", rows);
}

/* Without a list of PVs: duplicates, failed disks, left clone snapshots. */
static void add_orphans(Bundle *bundle, const EvsClient *client, const GPtrArray *disks,
                        const GPtrArray *snapshots)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PvList) pvs = NULL;
  if (!bundle->cluster_id)
    return;
  if (bundle->pv_list) {
    pvs = pv_list_load(bundle->pv_list, session_context(bundle->session), &error);
    if (!pvs)
      bundle_note_problem(bundle, "list of PVs", error);
  }
  const OrphanSearch search = {
    .owner = {bundle->cluster_id, bundle->driver_name},
    .disks = disks,
    .snapshots = snapshots,
    .pvs = pvs,
    .now_wall_us = clock_wall_us() + __atomic_load_n(&client->skew_us, __ATOMIC_RELAXED),
    .min_age_s = MIN_AGE_S,
  };
  g_autoptr(GPtrArray) orphans = orphan_find(&search);
  json_t *rows = json_array();
  for (guint i = 0; i < orphans->len; i++)
    json_array_append_new(rows, orphan_show(orphans->pdata[i], NULL));
  bundle_add_json(bundle, "orphans.json",
                  pvs ? "evsctl orphans"
                      : "evsctl orphans without a list of PVs: duplicates, failed disks, clone snapshots",
                  rows);
}

void bundle_add_cloud(Bundle *bundle)
{
  g_autoptr(GError) error = NULL;
  EvsClient *client = session_client(bundle->session, &error);
  const EvsContext *context = session_context(bundle->session);
  const EvsDiskFilter all_disks = {0};
  const EvsSnapshotFilter all_snapshots = {0};
  g_autoptr(GPtrArray) disks = client ? evs_disk_list(client, context, &all_disks, &error) : NULL;
  g_autoptr(GPtrArray) snapshots = disks ? evs_snapshot_list(client, context, &all_snapshots, &error) : NULL;
  if (disks)
    add_disks(bundle, disks);
  if (snapshots) {
    add_snapshots(bundle, snapshots);
    add_orphans(bundle, client, disks, snapshots);
  } else {
    bundle_note_problem(bundle, disks ? "snapshots" : "disks", error);
  }
}
