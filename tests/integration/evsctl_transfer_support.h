/* evsctl transfer in tests: two accounts, a directory for handover files, and evsctl run by either account. */
#pragma once

#include "tests/harness/evsctl.h"
#include "tests/integration/transfer_support.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

typedef struct {
  Accounts *accounts;
  Harness *harness;
  const Sim *sim;
  char *directory; /* for handover files */
  char *disk;      /* of alpha's, marked by cluster 'alpha-cluster' for 'pvc-alpha' */
  char *file;      /* where its handover file goes */
} World;

World world_begin(void **state);
void world_end(World *world);

/* Another disk of alpha's; newly allocated id. */
char *world_disk(World *world);
/* Where a disk's handover file goes. Newly allocated. */
char *world_file(const World *world, const char *disk);

/* line: words separated by single blanks. */
Evsctl alpha(const World *world, const char *line, ...) G_GNUC_PRINTF(2, 3);
Evsctl beta(const World *world, const char *line, ...) G_GNUC_PRINTF(2, 3);
/* evsctl started, stopped before its first instruction: for faults that name its pid. SIGCONT lets it run. */
Process *world_start_stopped(const World *world, const char *config, const char *line, ...)
  G_GNUC_PRINTF(3, 4);

/* alpha offers the disk with evsctl; must go well. */
void world_offer(World *world, const char *disk);

/* Fails the test unless it ended so and says so, on stdout or stderr. */
void expect(const Evsctl *run, int status, const char *text);
void expect_no_text(const Evsctl *run, const char *text);

json_t *json_file(const char *path);
/* "" if there is none. */
const char *json_text(const json_t *object, const char *key);
/* The auth key in a file that is not encrypted. Newly allocated. */
char *key_in(const char *path);

/* Transfers of this disk that the simulator holds; the last one's id into *ret_id (newly allocated, may be NULL). */
guint sim_transfers(const Sim *sim, const char *disk, char **ret_id);
/* PUT /_sim/disks/<disk>; quotes may be written as '. */
void sim_set_disk(const Sim *sim, const char *disk, const char *json);
