/* As much of a Kubernetes API server as evs-csi-taint talks to: one Node and its CSINode over TLS, with a token and a CA of
 * its own, and JSON patches (test, remove) that are really carried out. What a real one never does is added by rules of
 * its script, which come first if they are added before kube_fake_serve(). */
#pragma once

#include "tests/harness/http_script.h"

#define KUBE_FAKE_NODE "node-1.example"
#define KUBE_FAKE_NODE_PATH "/api/v1/nodes/" KUBE_FAKE_NODE
#define KUBE_FAKE_CSI_NODE_PATH "/apis/storage.k8s.io/v1/csinodes/" KUBE_FAKE_NODE
#define KUBE_FAKE_TOKEN "eyJhbGciOi.a-token_of.the-test"

typedef struct {
  HttpScript *script;
  const char *account_dir; /* token and ca.crt: --service-account-dir */
  const char *host, *port; /* $KUBERNETES_SERVICE_HOST and _PORT */
} KubeFake;

/* Below dir. expired: the server's certificate is out of date. */
KubeFake *kube_fake_start(const char *dir, gboolean expired);
void kube_fake_stop(KubeFake *fake);

/* From now on it answers as an API server does. */
void kube_fake_serve(KubeFake *fake);

/* The node's taints, as a JSON array; kube_fake_taints(): what they are now, compact, newly allocated. */
void kube_fake_set_taints(KubeFake *fake, const char *taints);
char *kube_fake_taints(KubeFake *fake);

/* CSINode's drivers, as a JSON array or null; it is not there (404) before the reads'th time it is asked for. */
void kube_fake_set_drivers(KubeFake *fake, const char *drivers, guint reads);

/* Before each of the next `times` patches somebody else puts another taint in front. */
void kube_fake_meddle(KubeFake *fake, guint times);
