/* A server with a small test service in the test's own process: Identity.Probe (quick) and a few Node methods whose
 * handlers stop at a gate until the test opens it. */
#pragma once

#include "base/clock.h"
#include "base/thread.h"
#include "csi.pb-c.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "tests/unit/cmocka_all.h"

typedef struct {
  char *directory, *endpoint, *path;
  RpcServer *server;
  RpcClient *client;
  Mutex lock;
  Cond changed;
  /* With the lock held: */
  gboolean open;     /* handlers pass */
  gboolean stubborn; /* handlers wait for the gate only, whatever the server says */
  int entered, left; /* handler runs begun, ended */
  int unwanted;      /* of those that ended: nobody waited any more */
  gint64 left_ms;    /* the last handler to come saw this much time left; -1: no deadline */
  int stopped;       /* of those that ended: because the server stops */
} Fixture;

/* grace_ms 1000, streams 64, 8 threads and a queue of 8 per class. */
Fixture *fixture_new(void);
Fixture *fixture_new_with(const RpcServerOptions *options);
/* Opens the gate, drains what is not drained yet, checks that no file but the lock is left. */
void fixture_free(Fixture *fixture);

void fixture_open(Fixture *fixture);
void fixture_make_stubborn(Fixture *fixture);
/* The present value of one of the counters. */
int fixture_count(Fixture *fixture, const int *counter);
gint64 fixture_left_ms(Fixture *fixture);
/* Waits, at most 10 s, until so many handlers have begun / ended; fails the test otherwise. */
void fixture_wait_entered(Fixture *fixture, int count);
void fixture_wait_left(Fixture *fixture, int count);
/* Waits, at most 10 s, until the JSON of the running flights contains the text. */
void fixture_wait_pending(Fixture *fixture, const char *text);

/* A call made by a thread of its own. */
typedef struct {
  Fixture *fixture;
  RpcClient *client;
  const char *method; /* of csi.v1.Node */
  ProtobufCMessage *request;
  gint64 timeout_ms;
  Thread thread;
  EvsCode code;
  char *text;
  gint64 us; /* it took */
} AsyncCall;

AsyncCall *async_start(Fixture *fixture, RpcClient *client, const char *method, ProtobufCMessage *request,
                       gint64 timeout_ms);
/* Waits for its end; the call is freed by async_free(). */
void async_join(AsyncCall *call);
void async_free(AsyncCall *call);

/* NodeStageVolume (a flight, key "volume:<id>"), NodePublishVolume (no flight), NodeGetVolumeStats (passes no gate).
 * Freed by async_free() or free_message(). */
ProtobufCMessage *stage_request(const char *volume, const char *path);
ProtobufCMessage *publish_request(const char *volume);
void free_message(ProtobufCMessage *message);

/* One synchronous call; returns its code, *ret_text (may be NULL) its status text. */
EvsCode call_node(RpcClient *client, const char *method, const ProtobufCMessage *request, gint64 timeout_ms,
                  char **ret_text);
EvsCode probe(RpcClient *client, gint64 timeout_ms);
