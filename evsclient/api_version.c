#include "evsclient/api_version.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

static const EvsField link_fields[] = {
  EVS_FIELD(EvsLink, rel, TEXT, "rel"),
  EVS_FIELD(EvsLink, href, TEXT, "href"),
  EVS_FIELD(EvsLink, type, TEXT, "type"),
};
const EvsRecord evs_record_link = EVS_RECORD("link", EvsLink, link_fields);

static const EvsField media_type_fields[] = {
  EVS_FIELD(EvsMediaType, base, TEXT, "base"),
  EVS_FIELD(EvsMediaType, type, TEXT, "type"),
};
static const EvsRecord media_type_record = EVS_RECORD("media type", EvsMediaType, media_type_fields);

static const EvsField version_fields[] = {
  EVS_FIELD(EvsVersion, id, TEXT, "id"),
  EVS_FIELD(EvsVersion, status, TEXT, "status"),
  EVS_FIELD(EvsVersion, version, TEXT, "version"),
  EVS_FIELD(EvsVersion, min_version, TEXT, "min_version"),
  EVS_FIELD(EvsVersion, updated, TEXT, "updated"),
  EVS_FIELD(EvsVersion, updated_wall_us, TIME, "updated", .flags = EVS_FIELD_DERIVED),
  EVS_FIELD(EvsVersion, links, LIST, "links", .record = &evs_record_link),
  EVS_FIELD(EvsVersion, media_types, LIST, "media-types", .record = &media_type_record),
};
const EvsRecord evs_record_version = EVS_RECORD("API version", EvsVersion, version_fields, .key = "id");

static const EvsField extension_fields[] = {
  EVS_FIELD(EvsExtension, alias, TEXT, "alias"),
  EVS_FIELD(EvsExtension, name, TEXT, "name"),
  EVS_FIELD(EvsExtension, description, TEXT, "description"),
  EVS_FIELD(EvsExtension, updated, TEXT, "updated"),
  EVS_FIELD(EvsExtension, updated_wall_us, TIME, "updated", .flags = EVS_FIELD_DERIVED),
  EVS_FIELD(EvsExtension, links, LIST, "links", .record = &evs_record_link),
};
const EvsRecord evs_record_extension =
  EVS_RECORD("API extension", EvsExtension, extension_fields, .key = "alias");

void evs_version_free(EvsVersion *version)
{
  evs_record_free(&evs_record_version, version);
}

static void extension_free(gpointer extension)
{
  evs_record_free(&evs_record_extension, extension);
}

static GPtrArray *list(EvsClient *client, const EvsContext *context, EvsOp op, GError **error)
{
  EvsTypedCall call = {.op = op};
  return evs_typed_list(client, context, &call, (GDestroyNotify)evs_version_free, error);
}

/* The answer is a list of one. */
static EvsVersion *get(EvsClient *client, const EvsContext *context, EvsOp op, const char *version,
                       GError **error)
{
  EvsTypedCall call = {.op = op, .id = version};
  g_autoptr(GPtrArray) versions =
    evs_typed_list(client, context, &call, (GDestroyNotify)evs_version_free, error);
  if (!versions)
    return NULL;
  if (versions->len == 0) {
    evs_error_set(error, EVS_CODE_NOT_FOUND, "the cloud has no API version '%s'", version);
    return NULL;
  }
  return g_ptr_array_steal_index(versions, 0);
}

GPtrArray *evs_version_list(EvsClient *client, const EvsContext *context, GError **error)
{
  return list(client, context, EVS_OP_VERSION_LIST, error);
}

EvsVersion *evs_version_get(EvsClient *client, const EvsContext *context, const char *version, GError **error)
{
  return get(client, context, EVS_OP_VERSION_GET, version, error);
}

GPtrArray *evs_cinder_version_list(EvsClient *client, const EvsContext *context, GError **error)
{
  return list(client, context, EVS_OP_CINDER_VERSION_LIST, error);
}

EvsVersion *evs_cinder_version_get(EvsClient *client, const EvsContext *context, const char *version,
                                   GError **error)
{
  return get(client, context, EVS_OP_CINDER_VERSION_GET, version, error);
}

GPtrArray *evs_extension_list(EvsClient *client, const EvsContext *context, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_EXTENSION_LIST};
  return evs_typed_list(client, context, &call, extension_free, error);
}
