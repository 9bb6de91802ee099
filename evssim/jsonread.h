/* Strict reading of JSON objects that people write (accounts, profile, /_sim bodies): a wrong type, a value out of
 * range or a key nobody knows is INVALID_ARGUMENT that names the place ("accounts[0].users[1].password"). */
#pragma once

#include <glib.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* Refuses keys that are not in the NULL-terminated list; several unknown ones are all named. */
gboolean jsonread_known(const json_t *object, const char *where, const char *const *keys, GError **error);

/* In all readers an absent key or null gives the fallback; a NULL fallback makes the key mandatory. */
gboolean jsonread_string(const json_t *object, const char *where, const char *key, const char *fallback,
                         const char **ret_value, GError **error);
/* "" is refused. */
gboolean jsonread_name(const json_t *object, const char *where, const char *key, const char *fallback,
                       const char **ret_value, GError **error);
gboolean jsonread_integer(const json_t *object, const char *where, const char *key, gint64 min, gint64 max,
                          gint64 fallback, gint64 *ret_value, GError **error);
gboolean jsonread_number(const json_t *object, const char *where, const char *key, double min, double max,
                         double fallback, double *ret_value, GError **error);
gboolean jsonread_boolean(const json_t *object, const char *where, const char *key, gboolean fallback,
                          gboolean *ret_value, GError **error);
/* One of the NULL-terminated choices; its index. fallback < 0: mandatory. */
gboolean jsonread_choice(const json_t *object, const char *where, const char *key, const char *const *choices,
                         int fallback, int *ret_index, GError **error);
/* NULL (and success) if absent. Borrowed. */
gboolean jsonread_object(const json_t *object, const char *where, const char *key, json_t **ret_value,
                         GError **error);
gboolean jsonread_array(const json_t *object, const char *where, const char *key, gsize max,
                        json_t **ret_value, GError **error);
/* An array of strings; an empty vector if absent. The caller frees (g_strfreev). */
gboolean jsonread_strings(const json_t *object, const char *where, const char *key, gsize max,
                          char ***ret_value, GError **error);

/* Reads a file of at most 4 MiB that holds one JSON object. */
json_t *jsonread_file(const char *path, GError **error);
/* The same for a text. what: for the error, e.g. "request body". */
json_t *jsonread_text(const char *text, gsize length, const char *what, GError **error);
