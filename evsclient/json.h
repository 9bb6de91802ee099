/* Tolerant reading of the cloud's JSON and canonical writing of ours. The cloud sends integers as strings, booleans as
 * strings, null where a list is due, and leaves members out: readers never fail, they give a default.
 * NULL stands for a missing object everywhere.
 */
#pragma once

#include <glib.h>
#include <jansson.h>

enum { JSON_MAX_DEPTH = 32 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* NULL for text that is no JSON or nests deeper than JSON_MAX_DEPTH (jansson recurses, our stacks are small). Bytes that
 * are no UTF-8 read as U+FFFD, a string ends at its first NUL, integers beyond 64 bits read as reals (and so do all others
 * beside one). */
json_t *evs_json_parse(const char *text, gsize length);

/* The member as text: a string as it is, numbers and booleans written out, "" for all else. Newly allocated. */
char *evs_json_text(const json_t *object, const char *key);
char *evs_json_value_text(const json_t *value);
/* A number, or a string that is one. */
gint64 evs_json_value_int(const json_t *value, gint64 absent);
gint64 evs_json_int(const json_t *object, const char *key, gint64 absent);
/* A boolean, or "true"/"false" in any case. */
gboolean evs_json_value_bool(const json_t *value, gboolean absent);
gboolean evs_json_bool(const json_t *object, const char *key, gboolean absent);
/* An object as string -> string; never NULL. */
GHashTable *evs_json_map(const json_t *object, const char *key);
/* Shares nothing with the original. */
GHashTable *evs_json_map_copy(GHashTable *map);
/* "2016-05-25T02:42:10.856332", with or without zone, 't' or 'T', any fraction; UTC where no zone is given. Wall clock
 * microseconds, 0 for anything else. */
gint64 evs_json_time(const char *text);

/* Sets a string member; invalid UTF-8 is replaced. NULL: nothing is set. */
void evs_json_set_text(json_t *object, const char *key, const char *value);
/* 0: nothing is set. */
void evs_json_set_int(json_t *object, const char *key, gint64 value);
/* NULL: nothing is set. */
void evs_json_set_map(json_t *object, const char *key, GHashTable *map);
/* Compact, members sorted by name: the same value gives the same bytes. Newly allocated; consumes the reference. */
char *evs_json_write(json_t *value);
