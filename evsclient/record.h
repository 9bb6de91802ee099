/* Records: C structs that tables map to the cloud's JSON, to queries of URLs, and to the flags of evsctl. A new shape is a
 * struct and a table of its fields; nothing walks JSON by hand.
 *
 * Reading is tolerant (evs-facts 17): a member may be missing, null, of another scalar type, or unknown; the field then
 * gets its absent value. Writing is strict: evs_record_check() refuses what the reference does not accept, before
 * anything is sent. Records own all they point to once they come from evs_record_read/copy; a request that a caller
 * fills on the stack borrows and is never freed.
 *
 * Arrays and tables within records have no free functions of their own for the records they hold: evs_record_free()
 * walks them by the table. Ceilings when reading: EVS_RECORD_MAX_ITEMS members per list or map (the rest is left out),
 * EVS_RECORD_MAX_TEXT bytes per text (cut between characters).
 * No state, any thread.
 */
#pragma once

#include "base/error.h"
#include "evsclient/json.h"

enum { EVS_RECORD_MAX_ITEMS = 16384, EVS_RECORD_MAX_TEXT = 65536 };

typedef enum {
  EVS_FIELD_TEXT, /* char *; read: never NULL, "" for absent; scalars of other types as text. Written unless NULL */
  EVS_FIELD_INT,  /* gint64; a number or a string that is one; absent 0. Written unless 0 */
  EVS_FIELD_BOOL, /* gboolean; absent FALSE. Written if TRUE */
  EVS_FIELD_TIME, /* gint64, wall clock microseconds UTC of a textual time; absent or unreadable 0. Never written */
  EVS_FIELD_MAP, /* GHashTable * string -> string; read: never NULL. Written unless NULL */
  EVS_FIELD_TEXTS, /* char **, NULL-terminated; read: never NULL; also of one comma-separated string. Written unless NULL */
  EVS_FIELD_RECORD, /* pointer to a record; absent NULL. Written unless NULL */
  EVS_FIELD_LIST,   /* GPtrArray * of records; read: never NULL. Written unless NULL */
  EVS_FIELD_RECORDS, /* GHashTable * string -> record, of an object's members that are objects; read: never NULL */
  EVS_FIELD_TEXT_SETS, /* GHashTable * string -> char **, of an object's members that are arrays; read: never NULL */
} EvsFieldKind;

enum {
  EVS_FIELD_REQUIRED = 1 << 0,   /* of a request: must be given, and is written even if 0 or FALSE */
  EVS_FIELD_SECRET = 1 << 1,     /* never shown unless asked for by name */
  EVS_FIELD_DERIVED = 1 << 2,    /* a second reading of a member that another field holds: not written */
  EVS_FIELD_UUID = 1 << 3,       /* TEXT, TEXTS: checked */
  EVS_FIELD_AS_TEXT = 1 << 4,    /* BOOL, INT: written as a string */
  EVS_FIELD_NAME_CHARS = 1 << 5, /* TEXT: letters, digits, '-', '_', '.' only */
  EVS_FIELD_REPEATED = 1 << 6,   /* TEXTS in a query: id=a&id=b instead of id=['a','b'] */
  EVS_FIELD_ALWAYS = 1 << 7,     /* TEXTS, LIST: written even if there is nothing in it, as [] */
};

typedef struct EvsRecord EvsRecord;

typedef struct {
  /* The JSON member. '/' leads through objects ("volume/size"); '|' separates other spellings that are read as well
   * ("availabilityZoneInfo|availabilityZonesInfo"); "" is the object itself (RECORDS, MAP). */
  const char *name;
  EvsFieldKind kind;
  gsize offset; /* in the struct */
  guint flags;
  const EvsRecord *record; /* RECORD, LIST, RECORDS */
  /* Accepted when sent: INT the value, TEXT and MAP values the length in characters, LIST, TEXTS the count. Both 0: any. */
  gint64 least, most;
  guint most_items; /* MAP: so many pairs at most; 0: any */
  guint key_most;   /* MAP: characters of a key; 0: as many as of a value */
  const char
    *fixed; /* requests and queries: always this text (MAP: always {}); not in the struct and no flag */
  const char *const *choices; /* TEXT, NULL-terminated; NULL: any */
  const char *help;           /* requests and queries: one line for people, with the unit */
  const char
    *flag; /* evsctl's name; NULL: the last part of name, "isAutoPay" and "is_auto_pay" as "is-auto-pay" */
} EvsField;

struct EvsRecord {
  const char *name; /* "disk": for error texts */
  gsize size;       /* of the struct */
  const EvsField *fields;
  gsize count;
  const char
    *key; /* a read record whose TEXT field of that name is "", or no UUID if it should be one, is none */
  /* Another record of the same struct, or NULL: what that one has and this one has not must be left out. */
  const EvsRecord *wider;
  /* Rules between fields, or NULL. A text that begins with a member's name in quotes is about that field. */
  gboolean (*check)(const void *value, GError **error);
  /* After reading: what a table cannot say, or NULL. Members of the struct that are outside of the table must be plain
   * numbers: they are copied as they are. */
  void (*settle)(void *value);
};

/* Does a member of this type hold a field of that kind? */
#define EVS_IS(type, other) __builtin_types_compatible_p(type, other)
#define EVS_HOLDS_TEXT(type) (EVS_IS(type, char *) || EVS_IS(type, const char *))
#define EVS_HOLDS_INT(type) EVS_IS(type, gint64)
#define EVS_HOLDS_BOOL(type) EVS_IS(type, gboolean)
#define EVS_HOLDS_TIME(type) EVS_IS(type, gint64)
#define EVS_HOLDS_MAP(type) EVS_IS(type, GHashTable *)
#define EVS_HOLDS_TEXTS(type) (EVS_IS(type, char **) || EVS_IS(type, const char *const *))
#define EVS_HOLDS_RECORD(type) (sizeof(type) == sizeof(gpointer))
#define EVS_HOLDS_LIST(type) EVS_IS(type, GPtrArray *)
#define EVS_HOLDS_RECORDS(type) EVS_IS(type, GHashTable *)
#define EVS_HOLDS_TEXT_SETS(type) EVS_IS(type, GHashTable *)

/* EVS_FIELD(EvsDisk, size_gib, INT, "size", .least = 1). A member of the wrong type does not compile: the size of an array
 * is negative. */
#define EVS_FIELD(type, member, kind_, json, ...)                                                            \
  {                                                                                                          \
    .name = (json), .kind = EVS_FIELD_##kind_,                                                               \
    .offset = offsetof(type, member) +                                                                       \
              0 * sizeof(char[EVS_HOLDS_##kind_(__typeof__(((type *)0)->member)) ? 1 : -1]),                 \
    ##__VA_ARGS__                                                                                            \
  }
#define EVS_RECORD(name_, type, table, ...)                                                                  \
  {                                                                                                          \
    .name = (name_), .size = sizeof(type), .fields = (table), .count = G_N_ELEMENTS(table), ##__VA_ARGS__    \
  }

/* ---- reading ---- */
/* A new record, or NULL if object is none or its key field is missing. */
gpointer evs_record_read(const EvsRecord *record, const json_t *object);
/* Of each member of the array that reads; never NULL. The array has no free function: the caller sets one
 * (g_ptr_array_set_free_func) or frees it by evs_record_list_free(). */
GPtrArray *evs_record_read_list(const EvsRecord *record, const json_t *array);
/* The member that a field's name leads to (see EvsField.name); NULL for none and for null. Borrowed. */
const json_t *evs_record_member(const json_t *object, const char *name);
/* Shares nothing with the original. Works for borrowed records too: NULL members stay NULL. */
gpointer evs_record_copy(const EvsRecord *record, gconstpointer value);
/* NULL is fine. What secret fields held is overwritten. */
void evs_record_free(const EvsRecord *record, gpointer value);
void evs_record_list_free(const EvsRecord *record, GPtrArray *list);
/* The record's field of that name (exactly as in the table), or NULL. */
const EvsField *evs_record_field(const EvsRecord *record, const char *name);

/* ---- sending ---- */
/* INVALID_ARGUMENT, EVS_OUTCOME_UNSENT: "'size' is 5: a number from 10 to 32768 is expected"; the name is the last part
 * of the member's. *ret_field (may be NULL) gets the field that is wrong (in a list: the list), NULL if it is a rule
 * between fields. Secrets are not in the text. */
gboolean evs_record_check(const EvsRecord *record, gconstpointer value, const EvsField **ret_field,
                          GError **error);
/* The body; members that are left out make no empty objects. A new reference. Secrets are in it. */
json_t *evs_record_write(const EvsRecord *record, gconstpointer value);
/* The query of a URL, percent-encoded, fields in table order; TEXTS as ids=['a','b'], MAP as JSON text. Newly allocated;
 * "" for none. */
char *evs_record_query(const EvsRecord *record, gconstpointer value);

/* ---- for people ---- */
/* As evs_record_write, but everything that was read (0, FALSE and "" too; a record that is none as null, times as text)
 * and without secrets. */
json_t *evs_record_show(const EvsRecord *record, gconstpointer value);
/* Sets a field from text: numbers, true/false, "key=value" (MAP: adds one), items separated by commas (TEXTS: adds
 * them), one item (LIST: adds it; "a" for records of one field, "a=b" of two, "flag=value,flag=value" for others). The
 * record must have come from g_malloc0(record->size) and ends with evs_record_free. INVALID_ARGUMENT with what is
 * accepted: "5: a number from 10 to 32768 is expected" (for a secret without the text). */
gboolean evs_field_set(const EvsField *field, gpointer value, const char *text, GError **error);
/* "a number from 10 to 32768", "one of SATA, SAS", "text of at most 64 characters": reads well before "is expected".
 * "" if anything goes. Newly allocated. */
char *evs_field_accepts(const EvsField *field);
/* The flag's name without dashes; NULL for a fixed field. Newly allocated. */
char *evs_field_flag(const EvsField *field);
/* The last part of the member's name, for error texts. Newly allocated. */
char *evs_field_title(const EvsField *field);
/* The rules of one field, as evs_record_check() has them for all. */
gboolean evs_field_check(const EvsField *field, gconstpointer value, GError **error);
