/* Lists that page by themselves. */
#include "evsclient/typed_call.h"

enum { MAX_PAGES = 1000, MAX_PAGE = 1000, MAX_MARKS = 16, MAX_STEPS_BACK = 16 };

struct EvsIterator {
  EvsClient *client;
  const EvsContext *context;
  EvsTypedCall call; /* its strings and records are the iterator's own */
  const EvsOperation *operation;
  const EvsField *key;  /* of the items; NULL: they have no ids */
  const EvsField *size; /* limit; NULL: the list does not page */
  const EvsField *next; /* marker or offset */
  gpointer paged;       /* the record that holds both: the query, or the request */
  GPtrArray *page;      /* of records; those given out by steal are NULL. NULL: none asked for yet */
  guint at;             /* next in page */
  gpointer current;     /* given out by next */
  GHashTable *seen;     /* ids; NULL: items have none */
  GPtrArray *marks;     /* of texts: the last ids of the page before, for paging by marker */
  gint64 start;         /* offset of the first page, for paging by offset */
  guint steps_back;     /* so far, in all */
  guint pages;
  gint64 rows;   /* that came so far, where items have no ids */
  gboolean last; /* no page follows */
};

static const char *text_at(const EvsField *field, gconstpointer record)
{
  return G_STRUCT_MEMBER(char *, record, field->offset);
}

static gpointer copy_or_empty(const EvsRecord *record, gconstpointer value)
{
  if (!record)
    return NULL;
  return value ? evs_record_copy(record, value) : g_malloc0(record->size);
}

/* Where the list's limit and position are given: in the query, or (found by tags) in the body. */
static void find_paging(EvsIterator *iterator)
{
  const EvsOperation *operation = iterator->operation;
  const EvsRecord *record = operation->query ? operation->query : operation->request;
  if (operation->paging == EVS_PAGING_NONE || !record)
    return;
  iterator->paged = (gpointer)(operation->query ? iterator->call.query : iterator->call.request);
  iterator->size = evs_record_field(record, "limit");
  iterator->next = evs_record_field(record, operation->paging == EVS_PAGING_MARKER ? "marker" : "offset");
  if (!iterator->size || !iterator->next) {
    iterator->size = NULL;
    return;
  }
  if (operation->paging == EVS_PAGING_OFFSET)
    iterator->start = G_STRUCT_MEMBER(gint64, iterator->paged, iterator->next->offset);
  gint64 *size = G_STRUCT_MEMBER_P(iterator->paged, iterator->size->offset);
  if (*size == 0)
    *size = iterator->size->most > 0 ? iterator->size->most : MAX_PAGE;
}

EvsIterator *evs_iterator_new(EvsClient *client, const EvsContext *context, const EvsTypedCall *call)
{
  const EvsOperation *operation = &evs_operations[call->op];
  EvsIterator *iterator = g_new0(EvsIterator, 1);
  iterator->client = client;
  iterator->context = context;
  iterator->operation = operation;
  iterator->call = (EvsTypedCall){
    .op = call->op,
    .id = g_strdup(call->id),
    .second_id = g_strdup(call->second_id),
    .query = copy_or_empty(operation->query, call->query),
    .request = copy_or_empty(operation->request, call->request),
  };
  if (operation->reply && operation->reply->key) {
    iterator->key = evs_record_field(operation->reply, operation->reply->key);
    iterator->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  }
  iterator->marks = g_ptr_array_new_with_free_func(g_free);
  find_paging(iterator);
  return iterator;
}

static void free_page(EvsIterator *iterator)
{
  if (iterator->page)
    evs_record_list_free(iterator->operation->reply, g_steal_pointer(&iterator->page));
}

void evs_iterator_free(EvsIterator *iterator)
{
  if (!iterator)
    return;
  const EvsOperation *operation = iterator->operation;
  evs_record_free(operation->reply, iterator->current);
  free_page(iterator);
  if (operation->query)
    evs_record_free(operation->query, (gpointer)iterator->call.query);
  if (operation->request)
    evs_record_free(operation->request, (gpointer)iterator->call.request);
  g_free((gpointer)iterator->call.id);
  g_free((gpointer)iterator->call.second_id);
  g_clear_pointer(&iterator->seen, g_hash_table_unref);
  g_ptr_array_unref(iterator->marks);
  g_free(iterator);
}

/* "volumes_links": [{"rel": "next"}] */
static gboolean has_next_link(const EvsOperation *operation, const json_t *answer)
{
  g_autofree char *name = g_strdup_printf("%s_links", operation->root ? operation->root : "");
  gsize i;
  json_t *link;
  json_array_foreach(json_object_get(answer, name), i, link)
  {
    g_autofree char *rel = evs_json_text(link, "rel");
    if (g_str_equal(rel, "next"))
      return TRUE;
  }
  return FALSE;
}

static void set_marker(EvsIterator *iterator, const char *id)
{
  char **marker = G_STRUCT_MEMBER_P(iterator->paged, iterator->next->offset);
  g_free(*marker);
  *marker = g_strdup(id);
  const EvsField *offset = evs_record_field(
    iterator->operation->query ? iterator->operation->query : iterator->operation->request, "offset");
  if (offset)
    G_STRUCT_MEMBER(gint64, iterator->paged, offset->offset) = 0;
}

/* A page that is not full is the last, unless the cloud gives less at a time than it was asked for: then it links to the
 * next page. It may do so on the last one too (evs-facts 17.2.5): where it counts all items, the count decides. */
static gboolean is_last_page(const EvsIterator *iterator, const json_t *answer, gsize rows)
{
  if (!iterator->size || rows == 0)
    return TRUE;
  if ((gint64)rows >= G_STRUCT_MEMBER(gint64, iterator->paged, iterator->size->offset))
    return FALSE;
  gint64 all = evs_json_int(answer, "count", G_MAXINT64);
  gint64 so_far = iterator->seen ? g_hash_table_size(iterator->seen) : iterator->rows;
  return so_far >= all || !has_next_link(iterator->operation, answer);
}

static void note_marks(EvsIterator *iterator, const GPtrArray *page)
{
  if (iterator->operation->paging != EVS_PAGING_MARKER || !iterator->key || page->len == 0)
    return;
  g_ptr_array_set_size(iterator->marks, 0);
  for (guint i = page->len - MIN(page->len, MAX_MARKS); i < page->len; i++)
    g_ptr_array_add(iterator->marks, g_strdup(text_at(iterator->key, page->pdata[i])));
}

/* Pages by offset share an item: what is deleted meanwhile moves the rest forward, and is seen by that. */
static gboolean has_overlap(const EvsIterator *iterator)
{
  return iterator->size && iterator->operation->paging == EVS_PAGING_OFFSET && iterator->seen &&
         G_STRUCT_MEMBER(gint64, iterator->paged, iterator->size->offset) > 1;
}

/* Makes the call that of the page behind this one. rows: what the cloud sent, readable or not. */
static void step(EvsIterator *iterator, gsize rows)
{
  if (iterator->operation->paging == EVS_PAGING_OFFSET)
    G_STRUCT_MEMBER(gint64, iterator->paged, iterator->next->offset) +=
      (gint64)rows - (has_overlap(iterator) && rows > 1 ? 1 : 0);
  else if (iterator->marks->len > 0)
    set_marker(iterator, iterator->marks->pdata[iterator->marks->len - 1]);
  else
    iterator->last = TRUE;
}

/* The page does not begin with what the one before it ended with: items have moved forward past its beginning. TRUE: the
 * call is now that of a page further in front. Bounded: a list in no order would never fit. */
static gboolean step_back_to_overlap(EvsIterator *iterator, const GPtrArray *page)
{
  if (!has_overlap(iterator) || iterator->pages == 0 || iterator->steps_back >= MAX_STEPS_BACK ||
      (page->len > 0 && g_hash_table_contains(iterator->seen, text_at(iterator->key, page->pdata[0]))))
    return FALSE;
  gint64 *offset = G_STRUCT_MEMBER_P(iterator->paged, iterator->next->offset);
  gint64 back = G_STRUCT_MEMBER(gint64, iterator->paged, iterator->size->offset) - 1;
  if (*offset == iterator->start)
    return FALSE;
  *offset = MAX(*offset - back, iterator->start);
  iterator->steps_back++;
  return TRUE;
}

/* The item that the marker names was deleted meanwhile: the one before it will do, what comes twice is dropped. FALSE:
 * the failure is another, or nothing is left to step back to. */
static gboolean step_back(EvsIterator *iterator, const GError *failure)
{
  if (iterator->marks->len < 2 ||
      (!evs_error_is_cloud(failure, "EVS.1024") && !evs_error_is(failure, EVS_CODE_NOT_FOUND)))
    return FALSE;
  g_ptr_array_set_size(iterator->marks, (gint)iterator->marks->len - 1);
  set_marker(iterator, iterator->marks->pdata[iterator->marks->len - 1]);
  return TRUE;
}

static json_t *ask(EvsIterator *iterator, GError **error)
{
  for (;;) {
    g_autoptr(GError) failure = NULL;
    json_t *answer = evs_typed_answer(iterator->client, iterator->context, &iterator->call, &failure);
    if (answer)
      return answer;
    if (!step_back(iterator, failure)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
  }
}

/* Drops what was on a page before. */
static void drop_seen(EvsIterator *iterator, GPtrArray *page)
{
  guint kept = 0;
  for (guint i = 0; i < page->len; i++) {
    gpointer item = page->pdata[i];
    if (!iterator->key || g_hash_table_add(iterator->seen, g_strdup(text_at(iterator->key, item))))
      page->pdata[kept++] = item;
    else
      evs_record_free(iterator->operation->reply, item);
  }
  g_ptr_array_set_size(page, (gint)kept);
}

/* What the cloud sends for the call as it stands; stepping back where the list has changed meanwhile. */
static GPtrArray *read_page(EvsIterator *iterator, json_t **ret_answer, GError **error)
{
  for (;;) {
    g_autoptr(json_t) answer = ask(iterator, error);
    gpointer page = NULL;
    if (!answer || !evs_reply_read(iterator->call.op, answer, &page, error))
      return NULL;
    if (!step_back_to_overlap(iterator, page)) {
      *ret_answer = g_steal_pointer(&answer);
      return page;
    }
    evs_record_list_free(iterator->operation->reply, page);
  }
}

/* A page without anything new ends the list: the cloud takes no marker or offset. */
static gboolean fetch(EvsIterator *iterator, GError **error)
{
  const EvsOperation *operation = iterator->operation;
  if (iterator->pages >= MAX_PAGES)
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot %s: more than %d pages", operation->what,
                         MAX_PAGES);
  g_autoptr(json_t) answer = NULL;
  GPtrArray *page = read_page(iterator, &answer, error);
  if (!page)
    return FALSE;
  gsize rows = json_array_size(operation->root ? evs_record_member(answer, operation->root) : answer);
  iterator->rows += (gint64)rows;
  free_page(iterator);
  note_marks(iterator, page);
  drop_seen(iterator, page);
  iterator->page = page;
  iterator->at = 0;
  iterator->pages++;
  iterator->last = iterator->page->len == 0 || is_last_page(iterator, answer, rows);
  if (!iterator->last)
    step(iterator, rows);
  return TRUE;
}

gpointer evs_iterator_steal(EvsIterator *iterator, GError **error)
{
  while (!iterator->page || iterator->at >= iterator->page->len) {
    if (iterator->last || !fetch(iterator, error))
      return NULL;
  }
  return g_steal_pointer(&iterator->page->pdata[iterator->at++]);
}

gconstpointer evs_iterator_next(EvsIterator *iterator, GError **error)
{
  gpointer next = evs_iterator_steal(iterator, error);
  evs_record_free(iterator->operation->reply, iterator->current);
  iterator->current = next;
  return next;
}

GPtrArray *evs_iterator_rest(EvsIterator *iterator, GDestroyNotify item_free, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(item_free);
  g_autoptr(GError) failure = NULL;
  for (gpointer item; (item = evs_iterator_steal(iterator, &failure));)
    g_ptr_array_add(all, item);
  if (!failure)
    return g_steal_pointer(&all);
  g_propagate_error(error, g_steal_pointer(&failure));
  return NULL;
}
