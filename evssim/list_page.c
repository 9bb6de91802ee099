#include "evssim/list_page.h"

#include "base/text.h"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

gboolean list_page_read(Request *request, ListPage *ret_page)
{
  const char *limit = request_query(request, "limit"), *offset = request_query(request, "offset");
  *ret_page = (ListPage){.limit = LIST_LIMIT_MAX, .marker = request_query(request, "marker")};
  if (limit && !text_parse_int64(limit, G_MININT64, G_MAXINT64, &ret_page->limit))
    return refuse(request, "EVS.5400", "limit param must be an integer.");
  if (ret_page->limit > LIST_LIMIT_MAX)
    return refuse(request, "EVS.2142", "invalid filter limit, can not greater than 1000.");
  if (ret_page->limit < 1)
    return refuse(request, "EVS.1023", "invalid filter limit!");
  if (offset && !text_parse_int64(offset, 0, G_MAXINT32, &ret_page->offset))
    return refuse(request, "EVS.5400", "offset param must be an integer.");
  if (ret_page->marker && !text_is_uuid(ret_page->marker))
    return refuse(request, "EVS.1024", "invalid filter marker!");
  return TRUE;
}

/* Index behind the row of the marker; -1 if it is in none. */
static gint64 after_marker(const char *marker, const GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal(*(char *const *)g_ptr_array_index(rows, i), marker))
      return i + 1;
  return -1;
}

gboolean list_page_cut(const ListPage *page, const GPtrArray *rows, guint *ret_start, guint *ret_end)
{
  gint64 start = page->marker ? after_marker(page->marker, rows) : 0;
  if (start < 0)
    return FALSE;
  start = MIN(start + page->offset, (gint64)rows->len);
  *ret_start = (guint)start;
  *ret_end = (guint)MIN(start + page->limit, (gint64)rows->len);
  return TRUE;
}
