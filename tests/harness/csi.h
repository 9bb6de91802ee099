/* CSI calls in a test, as JSON: requests by jansson's json_pack formats, answers as json_t.
 *
 *     json_t *reply = csi_call(node, "NodeGetInfo", NULL, "{}");
 *     json_t *none = csi_call(node, "NodeStageVolume", &error, "{s:s, s:o}", "volume_id", id,
 *                             "volume_capability", csi_mount("ext4", NULL));
 *
 * For exact bytes use rpc_client_call() on plugin->client. */
#pragma once

#include "tests/harness/plugin.h"

#include "base/error.h"

enum { CSI_TIMEOUT_MS = 60000 };

#define GIB ((gint64)1 << 30)

/* Makes one call with CSI_TIMEOUT_MS. The answer (json_decref; never NULL when the call went well), or NULL with
 * *error. With error == NULL a call that fails fails the test. */
json_t *csi_call(const Plugin *plugin, const char *method, GError **error, const char *format, ...);
/* As csi_call for a request that stands as JSON already; request is taken over. */
json_t *csi_call_json(const Plugin *plugin, const char *method, json_t *request, gint64 timeout_ms,
                      GError **error);

/* The call must fail with this code and a text that contains `text`. request is taken over. */
void csi_expect_error(const Plugin *plugin, const char *method, json_t *request, EvsCode code,
                      const char *text);

/* ---- pieces of requests (new references, for "o" in formats) ---- */

/* A mount capability, SINGLE_NODE_WRITER. fs_type NULL: none given. mount_flags: NULL or comma-separated. */
json_t *csi_mount(const char *fs_type, const char *mount_flags);
/* A block capability, SINGLE_NODE_WRITER. */
json_t *csi_block(void);
/* The same capability with another access mode ("MULTI_NODE_READER_ONLY"); takes over and returns it. */
json_t *csi_with_mode(json_t *capability, const char *mode);

/* ---- a volume's life, each step as the CO does it. A volume is what lies between the steps ---- */

typedef struct {
  char *id;                /* volume_id */
  json_t *capability;      /* as created with */
  json_t *context;         /* volume_context */
  json_t *publish_context; /* of the last csi_attach */
  gint64 capacity;         /* bytes */
  char *staging, *target;  /* below the node's kubelet directory; staging exists, target does not */
} CsiVolume;

/* Steps fail the test when the call fails. capability is taken over. The volume belongs to the harness. */
CsiVolume *csi_create(Harness *harness, const Plugin *controller, const char *name, gint64 bytes,
                      json_t *capability);
/* As csi_create with the whole request, as csi_create_request makes it; taken over. */
CsiVolume *csi_create_by(Harness *harness, const Plugin *controller, json_t *request);
/* A volume that no CreateVolume made: of a static PV. capability is taken over; attributes (of the PV; borrowed) may be
 * NULL. */
CsiVolume *csi_static(Harness *harness, const char *id, json_t *capability, json_t *attributes);
void csi_attach(CsiVolume *volume, const Plugin *controller, const Plugin *node);
/* Paths below the node's kubelet directory are chosen at the first call. */
void csi_stage(CsiVolume *volume, const Plugin *node);
void csi_publish(CsiVolume *volume, const Plugin *node);
void csi_unpublish(CsiVolume *volume, const Plugin *node);
void csi_unstage(CsiVolume *volume, const Plugin *node);
void csi_detach(CsiVolume *volume, const Plugin *controller, const Plugin *node);
void csi_delete(CsiVolume *volume, const Plugin *controller);

/* The requests of the steps, for calls that shall fail or be changed first (new references). */
json_t *csi_create_request(const char *name, gint64 bytes, json_t *capability);
json_t *csi_attach_request(const CsiVolume *volume, const Plugin *node);
json_t *csi_stage_request(CsiVolume *volume, const Plugin *node);
json_t *csi_publish_request(CsiVolume *volume, const Plugin *node);
