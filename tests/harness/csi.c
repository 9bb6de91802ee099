#include "tests/harness/csi.h"

#include "evsctl/csi_methods.h"
#include "evsctl/json_message.h"

#define SINGLE_WRITER "SINGLE_NODE_WRITER"

json_t *csi_call_json(const Plugin *plugin, const char *method, json_t *request, gint64 timeout_ms,
                      GError **error)
{
  assert_non_null(request);
  CsiMethod found;
  g_autoptr(GError) problem = NULL;
  ProtobufCMessage *message = NULL;
  if (csi_method_find(method, &found, &problem))
    message = json_message_read(request, found.method->input, &problem);
  json_decref(request);
  if (!message)
    fail_msg("%s: %s", method, problem->message);
  ProtobufCMessage *reply =
    rpc_client_call(plugin->client, found.service, found.method->name, message, timeout_ms, &problem);
  protobuf_c_message_free_unpacked(message, NULL);
  if (!reply) {
    if (!error)
      fail_msg("%s: %s: %s", method, evs_code_name(evs_error_code(problem)), problem->message);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
  }
  json_t *answer = json_message_write(reply);
  protobuf_c_message_free_unpacked(reply, NULL);
  return answer;
}

json_t *csi_call(const Plugin *plugin, const char *method, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  json_error_t problem;
  json_t *request = json_vpack_ex(&problem, 0, format, arguments);
  va_end(arguments);
  if (!request)
    fail_msg("%s: request format: %s", method, problem.text);
  return csi_call_json(plugin, method, request, CSI_TIMEOUT_MS, error);
}

void csi_expect_error(const Plugin *plugin, const char *method, json_t *request, EvsCode code,
                      const char *text)
{
  g_autoptr(GError) error = NULL;
  json_t *reply = csi_call_json(plugin, method, request, CSI_TIMEOUT_MS, &error);
  if (reply)
    fail_msg("%s went well; expected was %s", method, evs_code_name(code));
  if (evs_error_code(error) != code || !strstr(error->message, text))
    fail_msg("%s: %s: %s\nexpected was %s with '%s'", method, evs_code_name(evs_error_code(error)),
             error->message, evs_code_name(code), text);
}

json_t *csi_mount(const char *fs_type, const char *mount_flags)
{
  json_t *flags = json_array();
  g_auto(GStrv) list = g_strsplit(mount_flags ? mount_flags : "", ",", -1);
  for (char **flag = list; *flag; flag++)
    json_array_append_new(flags, json_string(*flag));
  return json_pack("{s:{s:s, s:o}, s:{s:s}}", "mount", "fs_type", fs_type ? fs_type : "", "mount_flags",
                   flags, "access_mode", "mode", SINGLE_WRITER);
}

json_t *csi_block(void)
{
  return json_pack("{s:{}, s:{s:s}}", "block", "access_mode", "mode", SINGLE_WRITER);
}

json_t *csi_with_mode(json_t *capability, const char *mode)
{
  json_object_set_new(capability, "access_mode", json_pack("{s:s}", "mode", mode));
  return capability;
}

static void drop_volume(void *data)
{
  CsiVolume *volume = data;
  json_decref(volume->capability);
  json_decref(volume->context);
  json_decref(volume->publish_context);
  g_free(volume->id);
  g_free(volume->staging);
  g_free(volume->target);
  g_free(volume);
}

json_t *csi_create_request(const char *name, gint64 bytes, json_t *capability)
{
  return json_pack("{s:s, s:{s:I}, s:[o]}", "name", name, "capacity_range", "required_bytes",
                   (json_int_t)bytes, "volume_capabilities", capability);
}

CsiVolume *csi_create(Harness *harness, const Plugin *controller, const char *name, gint64 bytes,
                      json_t *capability)
{
  return csi_create_by(harness, controller, csi_create_request(name, bytes, capability));
}

CsiVolume *csi_create_by(Harness *harness, const Plugin *controller, json_t *request)
{
  CsiVolume *volume = g_new0(CsiVolume, 1);
  volume->capability = json_incref(json_array_get(json_object_get(request, "volume_capabilities"), 0));
  harness_at_end(harness, drop_volume, volume);
  json_t *reply = csi_call_json(controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  json_t *row = json_object_get(reply, "volume");
  volume->id = g_strdup(json_string_value(json_object_get(row, "volume_id")));
  volume->capacity = json_integer_value(json_object_get(row, "capacity_bytes"));
  volume->context = json_incref(json_object_get(row, "volume_context"));
  json_decref(reply);
  assert_non_null(volume->id);
  return volume;
}

CsiVolume *csi_static(Harness *harness, const char *id, json_t *capability, json_t *attributes)
{
  CsiVolume *volume = g_new0(CsiVolume, 1);
  volume->id = g_strdup(id);
  volume->capability = capability;
  volume->context = json_incref(attributes);
  harness_at_end(harness, drop_volume, volume);
  assert_non_null(id);
  return volume;
}

/* Adds what the CO passes on when there is any. */
static json_t *with_context(json_t *request, const CsiVolume *volume)
{
  if (volume->context)
    json_object_set(request, "volume_context", volume->context);
  if (volume->publish_context)
    json_object_set(request, "publish_context", volume->publish_context);
  return request;
}

json_t *csi_attach_request(const CsiVolume *volume, const Plugin *node)
{
  json_t *request = json_pack("{s:s, s:s, s:O}", "volume_id", volume->id, "node_id", node->server_id,
                              "volume_capability", volume->capability);
  if (volume->context)
    json_object_set(request, "volume_context", volume->context);
  return request;
}

void csi_attach(CsiVolume *volume, const Plugin *controller, const Plugin *node)
{
  json_t *reply = csi_call_json(controller, "ControllerPublishVolume", csi_attach_request(volume, node),
                                CSI_TIMEOUT_MS, NULL);
  json_decref(volume->publish_context);
  volume->publish_context = json_incref(json_object_get(reply, "publish_context"));
  json_decref(reply);
}

/* Where kubelet would put a volume of this id. */
static void choose_paths(CsiVolume *volume, const Plugin *node)
{
  if (volume->staging && g_str_has_prefix(volume->staging, node->kubelet_dir))
    return;
  g_free(volume->staging);
  g_free(volume->target);
  volume->staging =
    g_build_filename(node->kubelet_dir, "plugins/kubernetes.io/csi/pv", volume->id, "globalmount", NULL);
  g_autofree char *pod =
    g_build_filename(node->kubelet_dir, "pods/pod/volumes/kubernetes.io~csi", volume->id, NULL);
  volume->target = g_build_filename(pod, "mount", NULL);
  assert_int_equal(g_mkdir_with_parents(volume->staging, 0750), 0);
  assert_int_equal(g_mkdir_with_parents(pod, 0750), 0);
}

json_t *csi_stage_request(CsiVolume *volume, const Plugin *node)
{
  choose_paths(volume, node);
  return with_context(json_pack("{s:s, s:s, s:O}", "volume_id", volume->id, "staging_target_path",
                                volume->staging, "volume_capability", volume->capability),
                      volume);
}

json_t *csi_publish_request(CsiVolume *volume, const Plugin *node)
{
  json_t *request = csi_stage_request(volume, node);
  json_object_set_new(request, "target_path", json_string(volume->target));
  return request;
}

static void step(const Plugin *plugin, const char *method, json_t *request)
{
  json_decref(csi_call_json(plugin, method, request, CSI_TIMEOUT_MS, NULL));
}

void csi_stage(CsiVolume *volume, const Plugin *node)
{
  step(node, "NodeStageVolume", csi_stage_request(volume, node));
}

void csi_publish(CsiVolume *volume, const Plugin *node)
{
  step(node, "NodePublishVolume", csi_publish_request(volume, node));
}

void csi_unpublish(CsiVolume *volume, const Plugin *node)
{
  step(node, "NodeUnpublishVolume",
       json_pack("{s:s, s:s}", "volume_id", volume->id, "target_path", volume->target));
}

void csi_unstage(CsiVolume *volume, const Plugin *node)
{
  step(node, "NodeUnstageVolume",
       json_pack("{s:s, s:s}", "volume_id", volume->id, "staging_target_path", volume->staging));
}

void csi_detach(CsiVolume *volume, const Plugin *controller, const Plugin *node)
{
  step(controller, "ControllerUnpublishVolume",
       json_pack("{s:s, s:s}", "volume_id", volume->id, "node_id", node->server_id));
}

void csi_delete(CsiVolume *volume, const Plugin *controller)
{
  step(controller, "DeleteVolume", json_pack("{s:s}", "volume_id", volume->id));
}
