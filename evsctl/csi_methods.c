#include "evsctl/csi_methods.h"

#include "base/error.h"

#include "csi.pb-c.h"

const ProtobufCServiceDescriptor *const *csi_services(void)
{
  static const ProtobufCServiceDescriptor *const services[] = {
    &csi__v1__identity__descriptor,
    &csi__v1__controller__descriptor,
    &csi__v1__group_controller__descriptor,
    &csi__v1__snapshot_metadata__descriptor,
    &csi__v1__node__descriptor,
    NULL,
  };
  return services;
}

/* name as given, with slashes read as dots and a leading one dropped. */
static gboolean names_method(const char *name, const ProtobufCServiceDescriptor *service,
                             const ProtobufCMethodDescriptor *method)
{
  g_autofree char *full = g_strdup_printf("%s.%s", service->name, method->name);
  g_autofree char *middle = g_strdup_printf("%s.%s", service->short_name, method->name);
  return g_str_equal(name, method->name) || g_str_equal(name, middle) || g_str_equal(name, full);
}

gboolean csi_method_find(const char *name, CsiMethod *ret_method, GError **error)
{
  g_autofree char *dotted = g_strdelimit(g_strdup(name[0] == '/' ? name + 1 : name), "/", '.');
  for (const ProtobufCServiceDescriptor *const *service = csi_services(); *service; service++) {
    for (unsigned i = 0; i < (*service)->n_methods; i++) {
      if (names_method(dotted, *service, &(*service)->methods[i])) {
        *ret_method = (CsiMethod){*service, &(*service)->methods[i]};
        return TRUE;
      }
    }
  }
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "method '%s': no such CSI method; `evsctl csi --list` shows all", name);
}
