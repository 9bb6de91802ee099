/* The handover file: what one account gives another so that it can take over a disk. JSON, one disk per file:
 *
 *   {"format":1,"transfer_id":"<uuid>","auth_key":"...","volume_id":"<uuid>","size_gib":100,"volume_type":"SSD",
 *    "availability_zone":"cn-north-4a","region":"cn-north-4","project_id":"<32 hex>","cluster":"prod","driver":"...",
 *    "fs_type":"ext4","volume_mode":"Filesystem","pv_name":"...","pvc_name":"...","pvc_namespace":"...",
 *    "labels":{"k":"v"},"to":"...","created":"2026-11-21T14:00:00.000Z","expires":"2026-11-22T14:00:00.000Z",
 *    "checksum":"<sha256 hex of the canonical JSON without this member>"}
 *
 * or, with a passphrase, {"format":1,"encrypted":"scrypt-aes-256-gcm","salt":..,"nonce":..,"text":..} (base64) around it.
 * Canonical: compact, members sorted by name. Members that are not known may be left out (not the ids, auth_key, size,
 * type, zone, project_id, volume_mode and the times).
 *
 * Whoever holds it can take the disk: mode 0600 from birth, on disk (fsync of file and directory, then rename) before
 * anybody is told that it exists, never in a log. The auth key exists nowhere else: the cloud shows it once.
 * No state. Any thread.
 */
#pragma once

#include "base/error.h"

enum {
  HANDOVER_FORMAT = 1,
  HANDOVER_MAX_BYTES = 64 * 1024,
  HANDOVER_MAX_LABELS = 64,
  HANDOVER_MAX_PASSPHRASE = 1024,
  HANDOVER_DEFAULT_HOURS = 24,
  HANDOVER_MAX_HOURS = 30 * 24,
};

/* Strings are never NULL once read; "" = not known (NULL counts as "" when written). Times: wall clock, UTC,
 * microseconds; the file keeps milliseconds. */
typedef struct {
  char *transfer_id, *auth_key; /* auth_key is wiped on free */
  char *volume_id, *volume_type, *availability_zone, *region;
  char *project_id; /* the sender's: nobody takes over what is in his project already */
  char *cluster,
    *driver; /* the sender's marks on the disk (OWNER_KEY_*), "" for none: they may stay on it, and only they may be
                written over (accept.h) */
  gint64 size_gib;
  char *fs_type;     /* "ext4" ...; "" for block volumes or unknown */
  char *volume_mode; /* "Filesystem" or "Block" */
  char *pv_name, *pvc_name, *pvc_namespace;
  GHashTable *labels; /* string -> string; never NULL once read */
  char *to;           /* --to: for people */
  gint64 created_wall_us, expires_wall_us;
} Handover;

void handover_free(Handover *handover);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Handover, handover_free)
/* Overwrites the key where it stands and leaves "". */
void handover_wipe_key(Handover *handover);

/* The file's text; passphrase NULL: not encrypted. INVALID_ARGUMENT for members that handover_read() would refuse, and
 * for a text over HANDOVER_MAX_BYTES. Newly allocated; free it by handover_text_free(). */
char *handover_write(const Handover *handover, const char *passphrase, GError **error);
/* Overwrites, then frees. NULL is fine. */
void handover_text_free(char *text);
/* Strict: unknown members, wrong types, ids that are none, a wrong checksum or passphrase: INVALID_ARGUMENT naming the
 * member and what is accepted, never a value of auth_key. The passphrase is not used for a text that is not encrypted.
 * Does not judge the expiry. Opening an encrypted one takes about 0.1 s and 32 MiB; the process opens one at a time. */
Handover *handover_read(const char *text, gsize length, const char *passphrase, GError **error);
gboolean handover_is_encrypted(const char *text, gsize length);

/* Writes the file so that it is there whole or not at all, also after a power cut. Refuses (ALREADY_EXISTS) to replace a
 * file that is not a handover of the same transfer unless replace. A process that is killed may leave a file
 * ".<name>.<8 hex>.tmp" beside it. */
gboolean handover_save(const Handover *handover, const char *path, const char *passphrase, gboolean replace,
                       GError **error);
Handover *handover_load(const char *path, const char *passphrase, GError **error);

/* FAILED_PRECONDITION with the time and what to ask the sender for, if its time is over. */
gboolean handover_check_expiry(const Handover *handover, gint64 now_wall_us, GError **error);

/* ---- names of transfers: "evscsi-<expiry in seconds since 1970>-<8 hex>" ---- */
/* Newly allocated. */
char *transfer_name_new(gint64 expires_wall_us);
/* FALSE if the name is not of this form (somebody else's transfer: hands off). */
gboolean transfer_name_parse(const char *name, gint64 *ret_expires_wall_us);
