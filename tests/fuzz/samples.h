/* Answers to begin with, made from the field tables: for each operation one that has every member the record knows. */
#pragma once

#include "evsclient/operations.h"

/* JSON, newly allocated; NULL for an operation without reply. */
char *sample_answer(EvsOp op);
/* Text that somebody types (decode.h), one for each operation that takes any. Newly allocated; NULL: it takes nothing. */
char *sample_typed(EvsOp op);
/* Input that is no answer of an operation: errors of all shapes, a cloud-config, odd times. NULL-terminated. */
extern const char *const sample_others[];
/* All member names of all records, in the fuzzer's dictionary form (one quoted text per line). Newly allocated. */
char *sample_dictionary(void);
