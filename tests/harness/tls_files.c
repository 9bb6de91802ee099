#include "tests/harness/tls_files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  g_assert(extension && X509_add_ext(certificate, extension, -1));
  X509_EXTENSION_free(extension);
}

static X509 *make(const char *name, EVP_PKEY *key, X509 *issuer, gboolean expired)
{
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), expired ? -DAY_S : -HOUR_S);
  X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -HOUR_S : DAY_S);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const guchar *)name, -1,
                             -1, 0);
  X509 *signer = issuer ? issuer : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  add_extension(certificate, signer, NID_basic_constraints,
                issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (issuer)
    add_extension(certificate, signer, NID_subject_alt_name, "IP:127.0.0.1");
  return certificate;
}

static void write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
  FILE *file = fopen(path, "we");
  g_assert(file);
  int good = certificate ? PEM_write_X509(file, certificate)
                         : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
  g_assert(good == 1 && fclose(file) == 0);
}

TlsFiles tls_files_make(const char *dir, const char *prefix, gboolean expired)
{
  TlsFiles files = {
    .ca = g_strdup_printf("%s/%sca.crt", dir, prefix),
    .certificate = g_strdup_printf("%s/%sserver.crt", dir, prefix),
    .key = g_strdup_printf("%s/%sserver.key", dir, prefix),
  };
  EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
  X509 *ca = make("test authority", ca_key, NULL, FALSE),
       *certificate = make("test server", key, ca, expired);
  g_assert(X509_sign(ca, ca_key, EVP_sha256()) > 0 && X509_sign(certificate, ca_key, EVP_sha256()) > 0);
  write_pem(files.ca, ca, NULL);
  write_pem(files.certificate, certificate, NULL);
  write_pem(files.key, NULL, key);
  X509_free(ca);
  X509_free(certificate);
  EVP_PKEY_free(ca_key);
  EVP_PKEY_free(key);
  return files;
}

void tls_files_clear(TlsFiles *files)
{
  g_clear_pointer(&files->ca, g_free);
  g_clear_pointer(&files->certificate, g_free);
  g_clear_pointer(&files->key, g_free);
}
