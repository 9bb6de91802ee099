/* An orphan as a row for people and programs. */
#pragma once

#include "evsclient/json.h"
#include "evsctl/orphan_delete.h"

/* result: what became of it; NULL: nothing was tried. A new reference. */
json_t *orphan_show(const Orphan *orphan, const OrphanResult *result);
