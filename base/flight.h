/* Single flight: of several equal requests at one time one runs, the others wait for its result.
 *
 * A flight has a key ("create:pvc-1", "volume:<id>", "attach:<volume>+<server>") and a fingerprint of its request.
 * Members (RPC calls, opaque here) join it; each gets the one result through the table's answer function. An equal
 * request for a running key joins; a different one is refused with ABORTED naming what runs and since when.
 * A member may leave before the end (its client left, or its answer is due); the flight goes on without it.
 *
 * Claims: during a flight its worker may claim resources ("volume:<id>"), so that one mutation per disk runs at a
 * time whatever the key. A claim never waits: a taken one is ABORTED. So there is no lock order to keep.
 * All claims end with the flight.
 *
 * Threads: any. The answer function is called without the table's lock, in the thread that finishes.
 * Ceiling: max_members over all flights; joining beyond it is RESOURCE_EXHAUSTED.
 */
#pragma once

#include <glib.h>

typedef struct FlightTable FlightTable;
typedef struct Flight Flight;

enum { FLIGHT_FINGERPRINT_BYTES = 32 };

/* Called once for each member that has not left, after the key and the claims are free again. result and error belong
 * to the finisher: one of them is NULL. */
typedef void (*FlightAnswer)(void *member, gconstpointer result, const GError *error);

FlightTable *flight_table_new(FlightAnswer answer, guint max_members);
/* No flight may be running. */
void flight_table_free(FlightTable *table);

/* Joins the running flight of this key, or starts one: then *ret_started is TRUE and the caller must see to it that
 * somebody calls flight_finish(). operation is for texts ("CreateVolume pvc-1"). NULL with ABORTED for an unequal
 * request, with RESOURCE_EXHAUSTED at the ceiling. The Flight stays valid until it is finished. */
Flight *flight_join(FlightTable *table, const char *key, const char *operation,
                    const guint8 fingerprint[FLIGHT_FINGERPRINT_BYTES], void *member, gboolean *ret_started,
                    GError **error);

/* The member gets no answer any more. TRUE if it was still waiting, FALSE if its answer is on the way or gone. */
gboolean flight_leave(FlightTable *table, const char *key, void *member);

/* TRUE while at least one member waits. */
gboolean flight_wanted(Flight *flight);

/* How many members ever joined, the starter included. */
guint flight_joined(Flight *flight);

/* Replaces the progress text that early answers and /debug/pending show, e.g. "createVolume job 1f3a runs". */
void flight_note(Flight *flight, const char *note);

/* "CreateVolume pvc-1 runs since 12 s: createVolume job 1f3a runs". Newly allocated. */
char *flight_describe(Flight *flight);
/* As flight_describe for the flight of this key, or NULL if none runs. */
char *flight_table_describe(FlightTable *table, const char *key);

/* Claims a resource for the rest of the flight; claiming twice by the same flight is fine. ABORTED naming the holder
 * when another flight has it. */
gboolean flight_claim(Flight *flight, const char *resource, GError **error);

/* Ends the flight, its claims included, answers its members and frees it. */
void flight_finish(Flight *flight, gconstpointer result, const GError *error);

/* Calls visit for each running flight; age since its start. With the table's lock held: visit must not use the table. */
typedef void (*FlightVisit)(const char *operation, gint64 age_us, void *data);
void flight_table_visit(FlightTable *table, FlightVisit visit, void *data);

/* JSON array for /debug/pending: [{"key","operation","age_ms","members","note"}]. Newly allocated. */
char *flight_table_render(FlightTable *table);
