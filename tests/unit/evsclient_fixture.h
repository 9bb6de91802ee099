/* A cloud client connected to scripted answers: what the tests of evsclient's call loop share. */
#pragma once

#include "evsclient/client.h"
#include "evsclient/config.h"
#include "tests/harness/http_script.h"
#include "tests/unit/cmocka_all.h"

#define PROJECT "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define DISK_ID "b104b8db-170d-441b-897a-3c8ba9c5a214"
#define SERVER_ID "a0000000-0000-4000-8000-000000000001"
#define GET_DISK "GET /v2/" PROJECT "/cloudvolumes/" DISK_ID
#define POST_DISK "POST /v2.1/" PROJECT "/cloudvolumes"
#define POST_ATTACH "POST /v1/" PROJECT "/cloudservers/" SERVER_ID "/attachvolume"
#define DISK_BODY "{\"volume\":{\"id\":\"" DISK_ID "\",\"status\":\"available\"}}"
#define SECRET "s3cr3t-Value"

typedef struct {
  HttpScript *script;
  EvsClient *client;
} Fixture;

/* cmocka fixtures: *state is a Fixture whose client has an access key and a project. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A configuration whose endpoints are all `base`, with these further lines. */
EvsConfig *fixture_config(const char *base, const char *extra);

/* Connects anew with these further lines of cloud-config. */
void fixture_connect(Fixture *fixture, const char *extra);

EvsContext fixture_within_ms(gint64 ms);

/* GET_DISK; TRUE when it went well. */
gboolean fixture_get_disk(Fixture *fixture, gint64 ms, GError **error);
