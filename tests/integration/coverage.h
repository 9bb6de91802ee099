/* Which operations of the reference have arrived at evs-sim. */
#pragma once

#include "tests/harness/sim.h"

/* Prints "WHO 74/74" and names the operations that never arrived, or that never went well (2xx, 300): any of them fails
 * the test. */
void coverage_assert_all(const Sim *sim, const char *who);
