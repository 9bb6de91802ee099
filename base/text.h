/* Text helpers that GLib lacks: strict numbers, shapes, bounded file reading, JSON escaping. */
#pragma once

#include <glib.h>

/* Whole string as a decimal integer within [min, max]; no blanks, no '+', no hexadecimal. */
gboolean text_parse_int64(const char *text, gint64 min, gint64 max, gint64 *ret_value);

/* "true"/"false"/"1"/"0"/"yes"/"no" in any case. */
gboolean text_parse_bool(const char *text, gboolean *ret_value);

/* 8-4-4-4-12 hexadecimal digits, either case: the shape of an EVS or ECS id. NULL is none. */
gboolean text_is_uuid(const char *text);

/* TRUE if every byte is in [A-Za-z0-9._-] and 1 <= length <= max. NULL is not. */
gboolean text_is_label(const char *text, gsize max);

/* TRUE if the text is valid UTF-8 without control characters. */
gboolean text_is_printable(const char *text);

/* Appends the text as a JSON string, quotes included; bytes that are no UTF-8 become U+FFFD. */
void text_append_json(GString *out, const char *text);

/* Lower-case hexadecimal SHA-256 (64 digits) of a string. Newly allocated. */
char *text_sha256(const char *text);

/* Reads a whole file of at most max_bytes; a larger one is an error that says so. NUL is put behind the end.
 * Works for /proc and /sys files, whose size reads as 0. Codes: NOT_FOUND, INTERNAL, OUT_OF_RANGE. */
gboolean text_read_file(const char *path, gsize max_bytes, char **ret_text, gsize *ret_length,
                        GError **error);
