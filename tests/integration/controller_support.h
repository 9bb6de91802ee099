/* For the tests of the controller plugin: calls made at the same time, and counts over the simulator's state. */
#pragma once

#include "tests/harness/csi.h"

/* One call of many. The caller fills plugin, method and request (taken over); the rest is the result. */
typedef struct {
  const Plugin *plugin;
  const char *method;
  json_t *request;
  json_t *reply; /* NULL: it failed */
  GError *error;
} Call;

/* Makes all of them at once, each in a thread of its own, and waits for their ends. */
void calls_run(Call *calls, gsize count);

/* Starts one call that the test goes on beside. */
typedef struct CallRun CallRun;
CallRun *call_begin(Call *call);
void call_await(CallRun *run);

/* Fails the test with the error if the call failed. */
void call_assert_ok(const Call *call);
void call_clear(Call *call);

/* The volume id in the reply of a CreateVolume; belongs to the reply. */
const char *call_volume_id(const Call *call);

/* As controller_start(), and the one call that it makes by itself (looking for what clones left) is over and not
 * counted. */
Plugin *controller_start_quiet(Harness *harness, const Sim *sim, const PluginOptions *options);

/* The snapshots of /_sim/state (json_decref); how many; the status of one (newly allocated, NULL: none). */
json_t *sim_snapshots(const Sim *sim);
gsize sim_snapshot_count(const Sim *sim);
/* Waits until there are so many. */
void sim_wait_snapshot_count(const Sim *sim, gsize count);

/* Takes a snapshot that must succeed: its id, newly allocated. */
char *snapshot_create(const Plugin *controller, const char *name, const char *volume_id);
void snapshot_delete(const Plugin *controller, const char *snapshot_id);
json_t *snapshot_request(const char *name, const char *volume_id);
/* CreateVolume of 10 GiB, ext4, from a snapshot ("snapshot") or a volume ("volume"). */
json_t *sourced_request(const char *name, const char *kind, const char *source_id);

/* Writes text at an offset of a file that the simulator holds; fails the test unless it is there when read back. */
void file_write_at(const char *path, gint64 offset, const char *text);
void file_assert_at(const char *path, gint64 offset, const char *text);

/* CreateVolume of 10 GiB, ext4, SINGLE_NODE_WRITER. */
json_t *create_request(const char *name);

/* Waits until the simulator has seen `count` calls of an operation. */
void await_calls(const Sim *sim, const char *op, gint64 count);

/* Fails the test unless the operation was called at most so often; shows all counts. */
void assert_calls_at_most(const Sim *sim, const char *op, gint64 most);

/* A UUID that is nobody's. */
#define NOBODY "deadbeef-0000-4000-8000-000000000000"
