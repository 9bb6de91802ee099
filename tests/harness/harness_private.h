/* What the harness's own files share. */
#pragma once

#include "tests/harness/harness.h"

/* The list that a Process is put into; it owns them. */
GPtrArray *harness_processes(Harness *harness);

/* Ends a process that may still run, its whole group at last. NULL when it ended well or was ended before; else what
 * is wrong, newly allocated. Never fails the test itself: teardown must go on. */
char *process_end(Process *process);
void process_free(Process *process);
