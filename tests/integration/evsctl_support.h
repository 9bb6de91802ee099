/* evsctl as a user runs it, against evs-sim. */
#pragma once

#include "tests/harness/sim.h"

typedef struct {
  Harness *harness;
  const Sim *sim;
  const char *cloud_config; /* the simulator's */
} Ctl;

typedef struct {
  int status;
  char *out, *err;
} CtlResult;
void ctl_result_clear(CtlResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CtlResult, ctl_result_clear)

/* A simulator of its own; options may be NULL. */
Ctl ctl_start(Harness *harness, const SimOptions *options);

/* line: what follows `evsctl --cloud-config=...`, quoted as for a shell. */
CtlResult ctl_run(const Ctl *ctl, const char *line, ...) G_GNUC_PRINTF(2, 3);
/* Started and left running. */
Process *ctl_begin(const Ctl *ctl, const char *line, ...) G_GNUC_PRINTF(2, 3);
/* Must exit 0. The result as JSON (json_decref). */
json_t *ctl_json(const Ctl *ctl, const char *line, ...) G_GNUC_PRINTF(2, 3);
/* Must exit with `status` and say `complaint` on stderr. */
void ctl_expect(const Ctl *ctl, int status, const char *complaint, const char *line, ...) G_GNUC_PRINTF(4, 5);

/* A data disk of 10 GiB: its id (newly allocated). */
char *ctl_create_disk(const Ctl *ctl, const char *name);
/* "" if there is none; newly allocated. */
char *json_text_at(const json_t *value, const char *member);
