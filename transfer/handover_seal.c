#include "transfer/handover_seal.h"

#include "base/thread.h"
#include "evsclient/json.h"
#include "transfer/handover.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#define CIPHER "scrypt-aes-256-gcm"

enum {
  SALT_BYTES = 16,
  NONCE_BYTES = 12,
  KEY_BYTES = 32,
  TAG_BYTES = 16,
  SCRYPT_N = 1 << 15,
  SCRYPT_R = 8,
  SCRYPT_P = 1,
  SCRYPT_MAX_MEMORY = 64 << 20,
};

static Mutex making_key = MUTEX_INIT;

static gboolean check_passphrase(const char *passphrase, GError **error)
{
  gsize length = passphrase ? strlen(passphrase) : 0;
  if (length > 0 && length <= HANDOVER_MAX_PASSPHRASE)
    return TRUE;
  return evs_error_set(
    error, EVS_CODE_INVALID_ARGUMENT, "the passphrase of the handover %s; accepted: 1 to %d bytes",
    passphrase ? "is empty or too long" : "is missing: it is encrypted", HANDOVER_MAX_PASSPHRASE);
}

static gboolean make_key(const char *passphrase, const guchar *salt, guchar *key, GError **error)
{
  MUTEX_HOLD(&making_key);
  if (EVP_PBE_scrypt(passphrase, strlen(passphrase), salt, SALT_BYTES, SCRYPT_N, SCRYPT_R, SCRYPT_P,
                     SCRYPT_MAX_MEMORY, key, KEY_BYTES) == 1)
    return TRUE;
  return evs_error_set(error, EVS_CODE_INTERNAL, "the library of encryption offers no scrypt");
}

/* text and out may not overlap; out has room for length bytes, tag for TAG_BYTES. */
static gboolean encrypt(const guchar *key, const guchar *nonce, const char *text, gsize length, guchar *out,
                        guchar *tag)
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int done = 0, last = 0;
  gboolean good = context && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                  EVP_EncryptUpdate(context, out, &done, (const guchar *)text, (int)length) == 1 &&
                  EVP_EncryptFinal_ex(context, out + done, &last) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1;
  EVP_CIPHER_CTX_free(context);
  return good;
}

static gboolean decrypt(const guchar *key, const guchar *nonce, const guchar *from, gsize length,
                        const guchar *tag, guchar *text)
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int done = 0, last = 0;
  gboolean good = context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
                  EVP_DecryptUpdate(context, text, &done, from, (int)length) == 1 &&
                  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, (guchar *)tag) == 1 &&
                  EVP_DecryptFinal_ex(context, text + done, &last) == 1;
  EVP_CIPHER_CTX_free(context);
  return good;
}

static void set_base64(json_t *object, const char *name, const guchar *bytes, gsize length)
{
  g_autofree char *text = g_base64_encode(bytes, length);
  evs_json_set_text(object, name, text);
}

char *handover_seal(const char *text, const char *passphrase, GError **error)
{
  guchar salt[SALT_BYTES], nonce[NONCE_BYTES], key[KEY_BYTES];
  if (!check_passphrase(passphrase, error))
    return NULL;
  if (RAND_bytes(salt, sizeof salt) != 1 || RAND_bytes(nonce, sizeof nonce) != 1) {
    evs_error_set(error, EVS_CODE_INTERNAL, "no random numbers");
    return NULL;
  }
  if (!make_key(passphrase, salt, key, error))
    return NULL;
  gsize length = strlen(text);
  g_autofree guchar *out = g_malloc(length + TAG_BYTES);
  gboolean good = encrypt(key, nonce, text, length, out, out + length);
  explicit_bzero(key, sizeof key);
  if (!good) {
    evs_error_set(error, EVS_CODE_INTERNAL, "the library of encryption offers no AES-256-GCM");
    return NULL;
  }
  json_t *sealed = json_pack("{s:i, s:s}", "format", HANDOVER_FORMAT, "encrypted", CIPHER);
  set_base64(sealed, "salt", salt, sizeof salt);
  set_base64(sealed, "nonce", nonce, sizeof nonce);
  set_base64(sealed, "text", out, length + TAG_BYTES);
  return evs_json_write(sealed);
}

/* NULL with error unless it is base64 of so many bytes (0: more than a tag). */
static guchar *get_base64(const json_t *sealed, const char *name, gsize wanted, gsize *ret_length,
                          GError **error)
{
  const char *text = json_string_value(json_object_get(sealed, name));
  gsize length = 0;
  g_autofree guchar *bytes = text ? g_base64_decode(text, &length) : NULL;
  g_autofree char *again = bytes ? g_base64_encode(bytes, length) : NULL;
  if (again && g_str_equal(again, text) && (wanted ? length == wanted : length > TAG_BYTES)) {
    *ret_length = length;
    return g_steal_pointer(&bytes);
  }
  if (wanted)
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "handover: member '%s' is not valid; accepted: base64 of %" G_GSIZE_FORMAT " bytes", name,
                  wanted);
  else
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "handover: member '%s' is not valid; accepted: base64",
                  name);
  return NULL;
}

static gboolean check_members(const json_t *sealed, GError **error)
{
  static const char *const names[] = {"format", "encrypted", "salt", "nonce", "text", NULL};
  const char *name, *cipher = json_string_value(json_object_get(sealed, "encrypted"));
  json_t *value;
  if (!cipher || !g_str_equal(cipher, CIPHER))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "handover: member 'encrypted' is not valid; accepted: %s", CIPHER);
  json_object_foreach((json_t *)sealed, name, value)
  {
    if (!g_strv_contains(names, name))
      return handover_refuse_unknown(name, error);
  }
  return TRUE;
}

char *handover_unseal(const json_t *sealed, const char *passphrase, GError **error)
{
  gsize salt_length, nonce_length, length;
  if (!check_members(sealed, error))
    return NULL;
  g_autofree guchar *salt = get_base64(sealed, "salt", SALT_BYTES, &salt_length, error);
  g_autofree guchar *nonce = salt ? get_base64(sealed, "nonce", NONCE_BYTES, &nonce_length, error) : NULL;
  g_autofree guchar *from = nonce ? get_base64(sealed, "text", 0, &length, error) : NULL;
  guchar key[KEY_BYTES];
  if (!from || !check_passphrase(passphrase, error) || !make_key(passphrase, salt, key, error))
    return NULL;
  length -= TAG_BYTES;
  guchar *text = g_malloc0(length + 1);
  gboolean good = decrypt(key, nonce, from, length, from + length, text);
  explicit_bzero(key, sizeof key);
  if (good && !memchr(text, 0, length))
    return (char *)text;
  explicit_bzero(text, length);
  g_free(text);
  evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                "the handover cannot be decrypted: the passphrase is wrong, or the text was changed");
  return NULL;
}
