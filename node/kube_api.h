/* Requests to the Kubernetes API server as the pod's service account. Part of evs-csi-taint only: evs-csi-node itself
 * talks to no API server.
 *
 * The account's directory, as the kubelet projects it, holds `token` (read anew for each request: the kubelet replaces it)
 * and `ca.crt`, by which alone the server is verified. Redirects and proxies are not used. One thread at a time. */
#pragma once

#include <glib.h>
#include <jansson.h>

#define KUBE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

enum {
  KUBE_MAX_BYTES = 4 * 1024 * 1024, /* of an answer: a node's object has some 50 kB */
  KUBE_MAX_TOKEN = 16 * 1024,
  KUBE_MAX_NAME = 253, /* of an object */
  KUBE_CONNECT_MS = 5 * 1000,
  KUBE_REQUEST_MS = 15 * 1000,
};

typedef struct KubeApi KubeApi;

typedef struct {
  const char *method; /* "GET", "PATCH" */
  const char *path;   /* "/api/v1/nodes/n1": of checked pieces only */
  const char *right;  /* that it needs, for the error text: "patch nodes" */
  const char *patch;  /* body of a PATCH: a JSON patch; else NULL */
} KubeRequest;

/* url: "https://10.96.0.1:443". */
KubeApi *kube_api_new(const char *url, const char *account_dir);
void kube_api_free(KubeApi *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KubeApi, kube_api_free)

/* "https://HOST:PORT" of $KUBERNETES_SERVICE_HOST and $KUBERNETES_SERVICE_PORT, which every container of a pod has. Newly
 * allocated, or NULL with FAILED_PRECONDITION. */
char *kube_api_url_from(const char *host, const char *port, GError **error);

/* May stand in a path: 1 to 253 of [a-z0-9.-], beginning and ending with a letter or digit. */
gboolean kube_is_name(const char *name);

/* One request. *ret_answer: the answer's JSON object, to be released by json_decref().
 * UNAVAILABLE: no whole answer, 429 or 5xx: may go better the next time. ABORTED: 409 or 422, the object is not what the
 * patch took it for. UNAUTHENTICATED, PERMISSION_DENIED (names the right), NOT_FOUND: what they say. FAILED_PRECONDITION: the
 * account's files or the server's certificate. OUT_OF_RANGE: the answer is too large. INTERNAL: any other status, or the
 * answer is no JSON object. */
gboolean kube_api_send(KubeApi *api, const KubeRequest *request, json_t **ret_answer, GError **error);
