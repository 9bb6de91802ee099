#include "tests/integration/rpc_raw.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
  FRAME_DATA = 0,
  FRAME_HEADERS = 1,
  FRAME_RST_STREAM = 3,
  FRAME_SETTINGS = 4,
  FRAME_GOAWAY = 7,
  FLAG_END_STREAM = 1,
  FLAG_END_HEADERS = 4,
  FRAME_HEADER_BYTES = 9,
};

gboolean raw_send(int fd, const void *bytes, gsize length)
{
  return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void send_frame(int fd, guint8 type, guint8 flags, guint8 stream, const void *bytes, gsize length)
{
  const guint8 header[FRAME_HEADER_BYTES] = {
    (guint8)(length >> 16), (guint8)(length >> 8), (guint8)length, type, flags, 0, 0, 0, stream};
  g_autoptr(GByteArray) frame = g_byte_array_new();
  g_byte_array_append(frame, header, sizeof header);
  if (length > 0)
    g_byte_array_append(frame, bytes, (guint)length);
  raw_send(fd, frame->data, frame->len);
}

int raw_connect(const char *path)
{
  static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  g_strlcpy(address.sun_path, path, sizeof address.sun_path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  raw_send(fd, preface, sizeof preface - 1);
  send_frame(fd, FRAME_SETTINGS, 0, 0, NULL, 0);
  return fd;
}

/* A literal header field without indexing and without Huffman coding; both parts are shorter than 127 bytes. */
static void append_header(GByteArray *block, const char *name, const char *value)
{
  const guint8 literal = 0, name_length = (guint8)strlen(name), value_length = (guint8)strlen(value);
  g_byte_array_append(block, &literal, 1);
  g_byte_array_append(block, &name_length, 1);
  g_byte_array_append(block, (const guint8 *)name, name_length);
  g_byte_array_append(block, &value_length, 1);
  g_byte_array_append(block, (const guint8 *)value, value_length);
}

void raw_send_headers(int fd, const char *method_path, const char *authority, const char *encoding)
{
  g_autoptr(GByteArray) block = g_byte_array_new();
  append_header(block, ":method", "POST");
  append_header(block, ":scheme", "http");
  append_header(block, ":path", method_path);
  if (authority)
    append_header(block, ":authority", authority);
  append_header(block, "content-type", "application/grpc");
  append_header(block, "te", "trailers");
  if (encoding)
    append_header(block, "grpc-encoding", encoding);
  send_frame(fd, FRAME_HEADERS, FLAG_END_HEADERS, 1, block->data, block->len);
}

void raw_send_message(int fd, const void *bytes, gsize length, gboolean compressed)
{
  const guint8 prefix[5] = {compressed ? 1 : 0, 0, 0, (guint8)(length >> 8), (guint8)length};
  g_autoptr(GByteArray) body = g_byte_array_new();
  g_byte_array_append(body, prefix, sizeof prefix);
  if (length > 0)
    g_byte_array_append(body, bytes, (guint)length);
  send_frame(fd, FRAME_DATA, FLAG_END_STREAM, 1, body->data, body->len);
}

/* FALSE at the end of the connection or of the time. */
static gboolean read_exactly(int fd, guint8 *buffer, gsize length, gint64 until_us, gboolean *ret_closed)
{
  gsize have = 0;
  while (have < length) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, clock_left_ms(until_us)) <= 0)
      return FALSE;
    ssize_t got = recv(fd, buffer + have, length - have, 0);
    if (got <= 0) {
      *ret_closed = TRUE;
      return FALSE;
    }
    have += (gsize)got;
  }
  return TRUE;
}

gboolean raw_wait_end(int fd, gint64 timeout_ms)
{
  gint64 until_us = clock_deadline_in_ms(timeout_ms);
  gboolean closed = FALSE;
  guint8 header[FRAME_HEADER_BYTES], payload[16384];
  while (read_exactly(fd, header, sizeof header, until_us, &closed)) {
    gsize length = (gsize)header[0] << 16 | (gsize)header[1] << 8 | header[2];
    if (length > sizeof payload || !read_exactly(fd, payload, length, until_us, &closed))
      break;
    gboolean ended = header[8] == 1 && (header[3] == FRAME_RST_STREAM ||
                                        (header[3] == FRAME_HEADERS && header[4] & FLAG_END_STREAM));
    if (ended || header[3] == FRAME_GOAWAY)
      return TRUE;
  }
  return closed;
}
