/* One run: whom it talks to, and the disks that its scenarios hand on to each other. */
#pragma once

#include "bench/options.h"
#include "bench/sim_link.h"
#include "bench/storm.h"
#include "csi.pb-c.h"
#include "rpc/client.h"

/* A disk of the stock. Only the step that works on it touches it. */
typedef struct {
  guint number;
  char *name;          /* of its CreateVolume */
  char *volume_id;     /* NULL: there is none */
  char *server_id;     /* it is, or is about to be, attached to; NULL: to none. Belongs to Bench.servers */
  char *snapshot_name; /* NULL: none is wanted */
  char *snapshot_id;   /* NULL: there is none */
  gboolean deleted;    /* the driver said so; the ids stay for the accounts */
  Csi__V1__CreateVolumeResponse *created;
  Csi__V1__ControllerPublishVolumeResponse *published;
} BenchDisk;

typedef struct {
  const Options *options;
  RpcClient *controllers[ENDPOINTS_MAX][SIDECAR_COUNT]; /* a connection for each sidecar, as they have */
  guint n_controllers;
  RpcClient *node;    /* NULL: none */
  SimLink *sim;       /* NULL: none */
  GPtrArray *disks;   /* of BenchDisk*: the stock */
  GPtrArray *servers; /* of char*, in use for attaching */
  char *name_prefix;  /* of all names of this run */
  guint named;        /* disks so far */
} Bench;

Bench *bench_new(const Options *options, GError **error);
void bench_free(Bench *bench);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bench, bench_free)

/* ---- steps.c: what a sidecar asks for. Objects are BenchDisk*, data is the Bench ---- */

extern const StormStep step_create, step_delete, step_attach, step_detach, step_snapshot,
  step_delete_snapshot, step_expand;

/* ---- stock.c: what scenarios need before, made by the driver itself while evs-sim's clock runs fast. Failing to make
 * it is an error with the first failure ---- */

/* Further `count` disks, not yet created, at the end of the stock. */
void stock_add(Bench *bench, guint count);
/* At least `count` servers to attach to. */
gboolean stock_servers(Bench *bench, guint count, GError **error);
/* Exactly `count` disks, attached to these many servers (0: to none). */
gboolean stock_disks(Bench *bench, guint count, guint servers, GError **error);
/* Takes disks out of the stock that were deleted or never made. */
void stock_forget_deleted(Bench *bench);
/* Detaches and deletes all. */
gboolean stock_clear(Bench *bench, GError **error);
StormOptions bench_storm_options(const Bench *bench);

/* ---- scenarios: one row of the result each (docs/performance.md). New reference, or NULL with error ---- */

json_t *scenario_run_cloud(Bench *bench, const Scenario *scenario, GError **error);
json_t *scenario_run_node(Bench *bench, const Scenario *scenario, GError **error);
json_t *scenario_run_rpc(Bench *bench, const Scenario *scenario, GError **error);
json_t *scenario_run_startup(Bench *bench, const Scenario *scenario, GError **error);
json_t *scenario_run_memory(Bench *bench, const Scenario *scenario, GError **error);
/* {"CreateVolume":{"count","p50_ms",...}}. New reference. */
json_t *bench_render_calls(const GHashTable *calls);
