/* One CreateVolume under way: what create_volume.c (the order of steps) and create_post.c (what one POST came to)
 * share. Belongs to the thread of its flight. */
#pragma once

#include "controller/controller.h"
#include "controller/create_request.h"

typedef struct {
  Controller *controller;
  RpcCall *call;
  const CreateRequest *request;
  EvsContext to_send, to_wait;
  char *zone, *type; /* of the new disk */
  gint64 size_gib, iops, throughput;
  char *snapshot_id;        /* what the new disk is made of; NULL: empty */
  guint attempts_made;      /* tokens proven spent by this call */
  gboolean without_token;   /* EVS.2223: this cloud knows no tokens */
  gint64 conflict_since_us; /* of the first EVS.2219; 0: none */
  EvsDisk *disk;            /* the volume's disk, once found or made */
} Creation;

typedef enum {
  STEP_DONE,   /* creation->disk is the volume */
  STEP_AGAIN,  /* nothing yet: POST (again) */
  STEP_FAILED, /* error is set */
} Step;

/* Looks by name and owner. STEP_AGAIN: there is no disk. */
Step creation_look(Creation *creation, const EvsContext *context, GError **error);

/* Looks every few seconds for `ms`. STEP_AGAIN: no disk has shown up. */
Step creation_look_for(Creation *creation, gint64 ms, const char *awaited, GError **error);

/* Sends one POST and brings it to its end. */
Step creation_post(Creation *creation, GError **error);
