/* A certificate authority of a test's own, and a server certificate for 127.0.0.1 that it signed, as PEM files. */
#pragma once

#include <glib.h>

typedef struct {
  char *ca;          /* <dir>/<prefix>ca.crt */
  char *certificate; /* <dir>/<prefix>server.crt */
  char *key;         /* <dir>/<prefix>server.key */
} TlsFiles;

/* Valid for a day, or expired an hour ago. Aborts when the files cannot be written. */
TlsFiles tls_files_make(const char *dir, const char *prefix, gboolean expired);
void tls_files_clear(TlsFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TlsFiles, tls_files_clear)
