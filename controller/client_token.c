#include "controller/client_token.h"

/* Of this driver's tokens only. Changing it would let one name have two disks across an upgrade. */
static const guint8 token_namespace[UUID_BYTES] = {0x7a, 0x0d, 0x3f, 0x5e, 0x91, 0xc4, 0x4b, 0x27,
                                                   0xa6, 0x18, 0xe2, 0x5b, 0x0c, 0x9f, 0x44, 0xd1};

char *uuid_v5(const guint8 namespace_id[UUID_BYTES], const void *name, gsize length)
{
  guint8 digest[20];
  gsize digest_length = sizeof digest;
  GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA1);
  g_checksum_update(checksum, namespace_id, UUID_BYTES);
  g_checksum_update(checksum, name, (gssize)length);
  g_checksum_get_digest(checksum, digest, &digest_length);
  g_checksum_free(checksum);

  digest[6] = (guint8)((digest[6] & 0x0f) | 0x50); /* version 5 */
  digest[8] = (guint8)((digest[8] & 0x3f) | 0x80); /* RFC 4122 variant */

  GString *text = g_string_sized_new(36);
  for (gsize i = 0; i < UUID_BYTES; i++)
    g_string_append_printf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", digest[i]);
  return g_string_free(text, FALSE);
}

char *client_token_new(const char *cluster_id, const char *driver_name, const char *volume_name,
                       guint attempt)
{
  /* None of the parts can hold a line feed, so the joined text is unambiguous. */
  g_autofree char *name = g_strdup_printf("%s\n%s\n%s\n%u", cluster_id, driver_name, volume_name, attempt);
  return uuid_v5(token_namespace, name, strlen(name));
}
