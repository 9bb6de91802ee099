/* What evs-csi-metadata prints: one JSON object of plain strings. Parsed here by hand, strictly, so that the node
 * needs no JSON library. */
#pragma once

#include <glib.h>

typedef struct {
  char *node_id;
  char *zone;
} MetadataReply;

void metadata_reply_clear(MetadataReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MetadataReply, metadata_reply_clear)

/* Accepts {"key":"value", ...} with values of [A-Za-z0-9._-] only; keys node_id and zone must be there, others are
 * skipped. UNAVAILABLE otherwise. */
gboolean metadata_reply_parse(const char *text, MetadataReply *ret_reply, GError **error);
