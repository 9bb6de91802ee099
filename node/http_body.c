#include "node/http_body.h"

size_t http_body_take(char *data, size_t size, size_t count, void *user_data)
{
  HttpBody *body = user_data;
  if (body->text->len + size * count > body->most) {
    body->too_large = TRUE;
    return 0;
  }
  g_string_append_len(body->text, data, (gssize)(size * count));
  return size * count;
}
