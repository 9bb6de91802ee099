/* Lists that page by themselves.
 *
 *   g_autoptr(EvsIterator) disks = evs_disk_iterate(client, &context, &filter);
 *   for (const EvsDisk *disk; (disk = evs_iterator_next(disks, &error));)
 *     ...
 *
 * The calls that make one copy the filter; nothing is sent before the first next. client and context must live as long
 * as the iterator; the context's deadline counts for all pages together. One thread at a time.
 */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef struct EvsIterator EvsIterator;

/* The next record (its type stands at the call that made the iterator), valid until the iterator is freed or asked
 * again; NULL at the end (no error) or with *error. Asked again after an error, it asks for the same page again. An item
 * that shows up on two pages is given once where the list has ids. What is wrong with the filter is said by the first
 * next (INVALID_ARGUMENT, nothing sent). INTERNAL after 1000 pages. The cloud's next links are not followed; that there
 * is one is believed. An item that is deleted while the list is read does not end it. */
gconstpointer evs_iterator_next(EvsIterator *iterator, GError **error);
/* The same, but the caller gets the record and frees it by the function of its type. */
gpointer evs_iterator_steal(EvsIterator *iterator, GError **error);
/* All that are left, as an array that frees its items by item_free; NULL with *error. */
GPtrArray *evs_iterator_rest(EvsIterator *iterator, GDestroyNotify item_free, GError **error);
void evs_iterator_free(EvsIterator *iterator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsIterator, evs_iterator_free)

#pragma GCC visibility pop
G_END_DECLS
