/* For the tests of evsctl's commands for operators: disks and snapshots with owner marks, made by hand, and the JSON that
 * kubectl would print. */
#pragma once

#include "tests/harness/evsctl.h"
#include "tests/harness/sim.h"

#define CLUSTER "prod-1"
#define DRIVER "evs.csi.huaweicloud.com"

/* A disk of 10 GiB in sim-1a that is available; its id, newly allocated. cluster NULL: nobody's. volume_name: whose hash its
 * metadata hold; NULL: no hash. */
char *disk_make(Harness *harness, const Sim *sim, const char *cluster, const char *volume_name);
/* A snapshot that is available, marked in the same way; extra: more metadata as JSON members ("\"k\":\"v\""), or NULL. */
char *snapshot_make(Harness *harness, const Sim *sim, const char *volume_id, const char *name,
                    const char *cluster, const char *extra);
/* Attaches it to the simulator's n-th server and waits until it is in use. */
void disk_attach(Harness *harness, const Sim *sim, const char *volume_id, gsize server);

/* `evsctl api` that must go well: its answer (json_decref). body NULL: none. service NULL: evs. */
json_t *cloud_call(Harness *harness, const Sim *sim, const char *service, const char *method,
                   const char *path, const char *body);

/* A file with a list of PVs "pv-0", "pv-1" ... with these handles, and contents "snapcontent-0" ... Newly allocated path.
 * Both lists end with NULL; contents NULL: none. */
char *pv_list_file(Harness *harness, const char *name, const char *const *handles,
                   const char *const *contents);

/* A directory with a program kubectl that runs this shell script; the PATH of processes started later begins with it. */
void fake_kubectl(Harness *harness, const char *script);

/* The object of this id in an array's objects, borrowed; fails the test if there is none. */
const json_t *row_of(const json_t *rows, const char *id);
gboolean has_row(const json_t *rows, const char *id);
const char *row_text(const json_t *row, const char *key);
