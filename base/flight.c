#include "base/flight.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/thread.h"

struct Flight {
  FlightTable *table;
  char *key, *operation;
  guint8 fingerprint[FLIGHT_FINGERPRINT_BYTES];
  gint64 started_us;
  GPtrArray *members; /* those that still wait for the answer */
  guint joined;       /* all that ever came, the starter included */
  char *note;         /* NULL: none yet */
  GPtrArray *claims;  /* of resources, each owned by the key in the table's claims; NULL: none */
};

struct FlightTable {
  FlightAnswer answer;
  guint max_members;
  Mutex lock;          /* guards all below and every flight's fields but those set at its start */
  GHashTable *flights; /* key -> Flight; the key belongs to the flight */
  GHashTable *claims;  /* owned resource -> Flight */
  guint n_members;     /* waiting in all flights */
};

FlightTable *flight_table_new(FlightAnswer answer, guint max_members)
{
  FlightTable *table = g_new0(FlightTable, 1);
  table->answer = answer;
  table->max_members = max_members;
  mutex_init(&table->lock);
  table->flights = g_hash_table_new(g_str_hash, g_str_equal);
  table->claims = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return table;
}

void flight_table_free(FlightTable *table)
{
  if (!table)
    return;
  g_assert(g_hash_table_size(table->flights) == 0);
  g_hash_table_unref(table->flights);
  g_hash_table_unref(table->claims);
  mutex_destroy(&table->lock);
  g_free(table);
}

static Flight *flight_new(FlightTable *table, const char *key, const char *operation,
                          const guint8 *fingerprint)
{
  Flight *flight = g_new0(Flight, 1);
  flight->table = table;
  flight->key = g_strdup(key);
  flight->operation = g_strdup(operation);
  memcpy(flight->fingerprint, fingerprint, FLIGHT_FINGERPRINT_BYTES);
  flight->started_us = clock_now_us();
  flight->members = g_ptr_array_new();
  return flight;
}

static void flight_free(Flight *flight)
{
  g_free(flight->key);
  g_free(flight->operation);
  g_free(flight->note);
  g_ptr_array_unref(flight->members);
  g_free(flight);
}

/* With the table's lock held. */
static char *describe(const Flight *flight)
{
  gint64 seconds = (clock_now_us() - flight->started_us) / G_USEC_PER_SEC;
  return g_strdup_printf("%s runs since %" G_GINT64_FORMAT " s%s%s", flight->operation, seconds,
                         flight->note ? ": " : "", flight->note ? flight->note : "");
}

Flight *flight_join(FlightTable *table, const char *key, const char *operation,
                    const guint8 fingerprint[FLIGHT_FINGERPRINT_BYTES], void *member, gboolean *ret_started,
                    GError **error)
{
  MUTEX_HOLD(&table->lock);
  Flight *flight = g_hash_table_lookup(table->flights, key);
  if (flight && memcmp(flight->fingerprint, fingerprint, FLIGHT_FINGERPRINT_BYTES) != 0) {
    g_autofree char *text = describe(flight);
    evs_error_set(error, EVS_CODE_ABORTED, "%s refused: another request for the same object is under way: %s",
                  operation, text);
    return NULL;
  }
  if (table->n_members >= table->max_members) {
    evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "%s refused: %u calls wait already", operation,
                  table->n_members);
    return NULL;
  }
  *ret_started = !flight;
  if (!flight) {
    flight = flight_new(table, key, operation, fingerprint);
    g_hash_table_insert(table->flights, flight->key, flight);
  }
  g_ptr_array_add(flight->members, member);
  flight->joined++;
  table->n_members++;
  return flight;
}

gboolean flight_leave(FlightTable *table, const char *key, void *member)
{
  MUTEX_HOLD(&table->lock);
  Flight *flight = g_hash_table_lookup(table->flights, key);
  if (!flight || !g_ptr_array_remove_fast(flight->members, member))
    return FALSE;
  table->n_members--;
  return TRUE;
}

gboolean flight_wanted(Flight *flight)
{
  MUTEX_HOLD(&flight->table->lock);
  return flight->members->len > 0;
}

guint flight_joined(Flight *flight)
{
  MUTEX_HOLD(&flight->table->lock);
  return flight->joined;
}

void flight_note(Flight *flight, const char *note)
{
  char *copy = g_strdup(note);
  MUTEX_HOLD(&flight->table->lock);
  g_free(flight->note);
  flight->note = copy;
}

char *flight_describe(Flight *flight)
{
  MUTEX_HOLD(&flight->table->lock);
  return describe(flight);
}

char *flight_table_describe(FlightTable *table, const char *key)
{
  MUTEX_HOLD(&table->lock);
  Flight *flight = g_hash_table_lookup(table->flights, key);
  return flight ? describe(flight) : NULL;
}

gboolean flight_claim(Flight *flight, const char *resource, GError **error)
{
  FlightTable *table = flight->table;
  MUTEX_HOLD(&table->lock);
  Flight *holder = g_hash_table_lookup(table->claims, resource);
  if (holder == flight)
    return TRUE;
  if (holder) {
    g_autofree char *text = describe(holder);
    return evs_error_set(error, EVS_CODE_ABORTED, "'%s' is busy: %s", resource, text);
  }
  char *owned = g_strdup(resource);
  g_hash_table_insert(table->claims, owned, flight);
  if (!flight->claims)
    flight->claims = g_ptr_array_new();
  g_ptr_array_add(flight->claims, owned);
  return TRUE;
}

/* With the table's lock held: from here on the key and the resources are free and nobody can leave or join. */
static void flight_withdraw(Flight *flight)
{
  FlightTable *table = flight->table;
  g_hash_table_remove(table->flights, flight->key);
  for (guint i = 0; flight->claims && i < flight->claims->len; i++)
    g_hash_table_remove(table->claims, flight->claims->pdata[i]);
  g_clear_pointer(&flight->claims, g_ptr_array_unref);
  table->n_members -= flight->members->len;
}

void flight_finish(Flight *flight, gconstpointer result, const GError *error)
{
  FlightTable *table = flight->table;
  {
    MUTEX_HOLD(&table->lock);
    flight_withdraw(flight);
  }
  for (guint i = 0; i < flight->members->len; i++)
    table->answer(flight->members->pdata[i], result, error);
  flight_free(flight);
}

void flight_table_visit(FlightTable *table, FlightVisit visit, void *data)
{
  MUTEX_HOLD(&table->lock);
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, table->flights);
  gint64 now_us = clock_now_us();
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    const Flight *flight = value;
    visit(flight->operation, now_us - flight->started_us, data);
  }
}

char *flight_table_render(FlightTable *table)
{
  MUTEX_HOLD(&table->lock);
  GString *out = g_string_new("[");
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, table->flights);
  gint64 now_us = clock_now_us();
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    const Flight *flight = value;
    g_string_append(out, out->len > 1 ? ",{\"key\":" : "{\"key\":");
    text_append_json(out, flight->key);
    g_string_append(out, ",\"operation\":");
    text_append_json(out, flight->operation);
    g_string_append_printf(out, ",\"age_ms\":%" G_GINT64_FORMAT ",\"members\":%u,\"note\":",
                           (now_us - flight->started_us) / 1000, flight->members->len);
    text_append_json(out, flight->note ? flight->note : "");
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
  return g_string_free(out, FALSE);
}
