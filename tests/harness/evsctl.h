/* evsctl in a test: runs it to its end. */
#pragma once

#include "tests/harness/harness.h"

typedef struct {
  int status; /* exit status */
  char *out, *err;
} Evsctl;

/* cloud_config: NULL: none is given. The list ends with NULL. Fails the test if it runs longer than HARNESS_WAIT_MS. */
Evsctl evsctl(Harness *harness, const char *cloud_config, ...) G_GNUC_NULL_TERMINATED;
/* arguments: of char *, without the program's name; need not end with NULL. */
Evsctl evsctl_with(Harness *harness, const char *cloud_config, const GPtrArray *arguments);
/* stdin from this file. */
Evsctl evsctl_fed(Harness *harness, const char *cloud_config, const char *stdin_file,
                  ...) G_GNUC_NULL_TERMINATED;

/* Fails the test unless it ended so; shows what it said. */
void evsctl_assert_status(const Evsctl *run, int status);

void evsctl_clear(Evsctl *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Evsctl, evsctl_clear)
