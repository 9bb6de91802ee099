/* The field tables of all queries, requests and replies, for the rows of operations.c. Inside of the library and of
 * evsctl; programs use the structs of the public headers. Sorted by section of the reference. */
#pragma once

#include "evsclient/record.h"
