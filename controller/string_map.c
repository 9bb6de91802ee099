#include "controller/string_map.h"

#include "csi.pb-c.h"

#define SAME_LAYOUT(type)                                                                                    \
  G_STATIC_ASSERT(sizeof(type) == sizeof(StringMapEntry) &&                                                  \
                  G_STRUCT_OFFSET(type, key) == G_STRUCT_OFFSET(StringMapEntry, key) &&                      \
                  G_STRUCT_OFFSET(type, value) == G_STRUCT_OFFSET(StringMapEntry, value))

SAME_LAYOUT(Csi__V1__CreateVolumeRequest__ParametersEntry);
SAME_LAYOUT(Csi__V1__CreateVolumeRequest__MutableParametersEntry);
SAME_LAYOUT(Csi__V1__CreateVolumeRequest__SecretsEntry);
SAME_LAYOUT(Csi__V1__ControllerModifyVolumeRequest__MutableParametersEntry);
SAME_LAYOUT(Csi__V1__Volume__VolumeContextEntry);
SAME_LAYOUT(Csi__V1__GetCapacityRequest__ParametersEntry);
SAME_LAYOUT(Csi__V1__ValidateVolumeCapabilitiesRequest__ParametersEntry);
SAME_LAYOUT(Csi__V1__ValidateVolumeCapabilitiesRequest__MutableParametersEntry);
SAME_LAYOUT(Csi__V1__ValidateVolumeCapabilitiesRequest__VolumeContextEntry);
SAME_LAYOUT(Csi__V1__CreateSnapshotRequest__ParametersEntry);
SAME_LAYOUT(Csi__V1__Topology__SegmentsEntry);
SAME_LAYOUT(Csi__V1__ControllerPublishVolumeResponse__PublishContextEntry);

const char *string_map_get(StringMap map, const char *key)
{
  for (gsize i = map.count; i > 0; i--)
    if (g_str_equal(map.entries[i - 1]->key, key))
      return map.entries[i - 1]->value;
  return NULL;
}

void *string_map_grow(void *entries, size_t *count, const ProtobufCMessageDescriptor *descriptor,
                      const char *key, const char *value)
{
  StringMapEntry *entry = g_malloc0(descriptor->sizeof_message);
  protobuf_c_message_init(descriptor, &entry->base);
  entry->key = g_strdup(key);
  entry->value = g_strdup(value);

  void **grown = g_realloc_n(entries, *count + 1, sizeof *grown);
  grown[*count] = entry;
  *count += 1;
  return grown;
}
