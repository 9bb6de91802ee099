/* A connected client with a time to call in, for the tests of typed calls and of lists. */
#pragma once

#include "tests/unit/evsclient_fixture.h"

typedef struct {
  Fixture *fixture;
  EvsClient *client;
  EvsContext context;
} Caller;

/* state: that of fixture_setup(). */
Caller caller_of(void **state);

/* The last request was this one: line is "GET /path?query". */
void assert_sent(Caller *caller, const char *line, const char *body);

/* From now on every request gets this answer. */
void answer_all(Caller *caller, int status, const char *body);
