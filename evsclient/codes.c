#include "evsclient/codes.h"

/* Short names for the columns of the table. */
#define INVALID_ARGUMENT EVS_CODE_INVALID_ARGUMENT
#define NOT_FOUND EVS_CODE_NOT_FOUND
#define ALREADY_EXISTS EVS_CODE_ALREADY_EXISTS
#define PERMISSION_DENIED EVS_CODE_PERMISSION_DENIED
#define RESOURCE_EXHAUSTED EVS_CODE_RESOURCE_EXHAUSTED
#define FAILED_PRECONDITION EVS_CODE_FAILED_PRECONDITION
#define ABORTED EVS_CODE_ABORTED
#define OUT_OF_RANGE EVS_CODE_OUT_OF_RANGE
#define UNIMPLEMENTED EVS_CODE_UNIMPLEMENTED
#define INTERNAL EVS_CODE_INTERNAL
#define UNAVAILABLE EVS_CODE_UNAVAILABLE
#define UNAUTHENTICATED EVS_CODE_UNAUTHENTICATED
#define THROTTLE EVS_TRAIT_THROTTLE
#define AUTH EVS_TRAIT_AUTH
#define RETRY EVS_TRAIT_RETRY
#define UNSURE EVS_TRAIT_UNSURE

#define CHECK_CREDENTIALS "check the credentials in cloud-config and the clock of this machine"
#define WAIT_A_MINUTE "the server runs another command: try again in a minute"

static const EvsCloudCode codes[] = {
  /* clang-format off */
  /* EVS and what the services share */
  {"Common.0011", "No jobs found", INTERNAL, 0, NULL},
  {"Common.0011", NULL, INTERNAL, 0, NULL},
  {"Common.0013", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"Common.0018", NULL, UNAUTHENTICATED, 0, "check that project-id belongs to the credentials"},
  {"EVS.0001", NULL, INTERNAL, 0, "check project-id and region"},
  {"EVS.0002", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"EVS.0003", NULL, PERMISSION_DENIED, 0, "give the user EVS permissions"},
  {"EVS.1001", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1002", NULL, NOT_FOUND, 0, "check the disk id"},
  {"EVS.1003", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1004", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1005", NULL, INVALID_ARGUMENT, 0, "shorten the metadata: all of it must stay below 1 MiB"},
  {"EVS.1006", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1007", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1008", NULL, INTERNAL, 0, NULL},
  {"EVS.1009", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1010", NULL, OUT_OF_RANGE, 0, "a data disk has 10 to 32768 GiB"},
  {"EVS.1011", NULL, INTERNAL, 0, NULL},
  {"EVS.1012", NULL, FAILED_PRECONDITION, 0, "the disk is temporary and allows no operation"},
  {"EVS.1013", NULL, INTERNAL, 0, NULL},
  {"EVS.1014", NULL, FAILED_PRECONDITION, 0, "check that the disk may be expanded: state, type and billing"},
  {"EVS.1015", NULL, OUT_OF_RANGE, 0, "the new size must be greater than the present one"},
  {"EVS.1016", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1017", NULL, FAILED_PRECONDITION, 0, "the disk is billed yearly or monthly: expand it in the console"},
  {"EVS.1018", NULL, INTERNAL, 0, NULL},
  {"EVS.1020", NULL, INVALID_ARGUMENT, 0, "use a disk type that the zone offers"},
  {"EVS.1021", NULL, INVALID_ARGUMENT, 0, "1 to 100 disks may be created at once"},
  {"EVS.1022", NULL, OUT_OF_RANGE, 0, "ask for at least the size of the backup"},
  {"EVS.1023", NULL, INVALID_ARGUMENT, 0, "a page has 1 to 1000 entries"},
  {"EVS.1024", NULL, ABORTED, 0, "start the listing again from the beginning"},
  {"EVS.1025", NULL, INTERNAL, 0, NULL},
  {"EVS.1027", NULL, PERMISSION_DENIED, 0, "give the user the permission for this action, and check that the account is neither in arrears nor restricted"},
  {"EVS.1031", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1032", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1033", NULL, INTERNAL, 0, NULL},
  {"EVS.1034", NULL, RESOURCE_EXHAUSTED, 0, "delete disks or have the quota of disks raised"},
  {"EVS.1035", NULL, FAILED_PRECONDITION, 0, "the disk is billed yearly or monthly: unsubscribe from it in the console"},
  {"EVS.1036", NULL, INVALID_ARGUMENT, 0, "use an availability zone of this region"},
  {"EVS.1039", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1040", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1041", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1042", NULL, RESOURCE_EXHAUSTED, 0, "delete disks or have the quota of disk capacity raised"},
  {"EVS.1043", NULL, INVALID_ARGUMENT, 0, "leave encryption and hw:passthrough out: a disk made from a snapshot or image inherits them"},
  {"EVS.1044", NULL, FAILED_PRECONDITION, 0, "wait until the backup is available"},
  {"EVS.1045", NULL, INTERNAL, 0, NULL},
  {"EVS.1046", NULL, FAILED_PRECONDITION, 0, "wait until the disk is available, or detach it first"},
  {"EVS.1047", NULL, FAILED_PRECONDITION, 0, "wait until the snapshot is available"},
  {"EVS.1048", NULL, FAILED_PRECONDITION, 0, "wait until the disk is available"},
  {"EVS.1049", NULL, INVALID_ARGUMENT, 0, "use the zone of the backup"},
  {"EVS.1051", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1052", NULL, INTERNAL, 0, NULL},
  {"EVS.1053", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1054", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1057", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1058", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1061", NULL, INVALID_ARGUMENT, 0, "at most 10 tags per disk"},
  {"EVS.1062", NULL, INVALID_ARGUMENT, 0, "tag keys have 1 to 36, values at most 43 letters, digits, - and _"},
  {"EVS.1063", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.1064", NULL, FAILED_PRECONDITION, 0, "wait until the disk is available or in-use"},
  {"EVS.1065", NULL, FAILED_PRECONDITION, 0, "detach the shared disk from all servers first"},
  {"EVS.1066", NULL, FAILED_PRECONDITION, 0, "start or stop the server properly, then expand"},
  {"EVS.1067", NULL, UNAVAILABLE, 0, NULL},
  {"EVS.1068", NULL, INTERNAL, 0, NULL},
  {"EVS.1070", NULL, INTERNAL, 0, NULL},
  {"EVS.2001", NULL, INTERNAL, 0, NULL},
  {"EVS.2002", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"EVS.2005", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"EVS.2007", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"EVS.2010", NULL, PERMISSION_DENIED, 0, "check the permissions of the user in this project"},
  {"EVS.2011", NULL, UNAVAILABLE, 0, NULL},
  {"EVS.2013", NULL, INTERNAL, 0, NULL},
  {"EVS.2014", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"EVS.2019", NULL, INTERNAL, 0, NULL},
  {"EVS.2020", NULL, INTERNAL, 0, NULL},
  {"EVS.2021", NULL, INTERNAL, 0, NULL},
  {"EVS.2023", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"EVS.2024", NULL, INTERNAL, 0, NULL},
  {"EVS.2025", NULL, INTERNAL, 0, NULL},
  {"EVS.2026", NULL, INTERNAL, 0, NULL},
  {"EVS.2029", NULL, INTERNAL, 0, NULL},
  {"EVS.2030", NULL, INTERNAL, 0, NULL},
  {"EVS.2031", NULL, INTERNAL, 0, NULL},
  {"EVS.2032", NULL, UNAVAILABLE, RETRY, NULL},
  {"EVS.2033", NULL, UNAVAILABLE, RETRY, NULL},
  {"EVS.2034", NULL, UNAUTHENTICATED, AUTH, NULL},
  {"EVS.2035", NULL, UNAUTHENTICATED, AUTH, NULL},
  {"EVS.2036", NULL, UNAUTHENTICATED, AUTH, NULL},
  {"EVS.2040", NULL, FAILED_PRECONDITION, 0, "enable the key in the key management service"},
  {"EVS.2041", NULL, INVALID_ARGUMENT, 0, "check kmsId"},
  {"EVS.2042", NULL, UNAVAILABLE, 0, NULL},
  {"EVS.2043", NULL, ABORTED, 0, "wait until the snapshot is available"},
  {"EVS.2044", NULL, UNAVAILABLE, RETRY, NULL},
  {"EVS.2045", NULL, NOT_FOUND, 0, "check the snapshot id"},
  {"EVS.2046", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2047", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2050", NULL, INTERNAL, 0, NULL},
  {"EVS.2051", NULL, UNAVAILABLE, 0, NULL},
  {"EVS.2052", NULL, INTERNAL, 0, NULL},
  {"EVS.2053", NULL, INVALID_ARGUMENT, 0, "use an availability zone of this region"},
  {"EVS.2054", NULL, RESOURCE_EXHAUSTED, 0, "use the zone of the snapshot"},
  {"EVS.2055", NULL, FAILED_PRECONDITION, 0, "let EVS use the key management service: grant it once in the console"},
  {"EVS.2056", NULL, PERMISSION_DENIED, 0, "give the user the permission for this action, and check that the account is neither in arrears nor restricted"},
  {"EVS.2059", NULL, INVALID_ARGUMENT, 0, "check the enterprise project id"},
  {"EVS.2068", NULL, FAILED_PRECONDITION, 0, "unlock the disk first"},
  {"EVS.2070", NULL, INVALID_ARGUMENT, 0, "use a disk type that this region offers"},
  {"EVS.2071", NULL, RESOURCE_EXHAUSTED, 0, "use another zone or disk type"},
  {"EVS.2072", NULL, RESOURCE_EXHAUSTED, 0, "use another zone or disk type"},
  {"EVS.2078", NULL, INTERNAL, 0, NULL},
  {"EVS.2083", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2084", NULL, OUT_OF_RANGE, 0, "a data disk has 10 to 32768 GiB"},
  {"EVS.2085", NULL, INTERNAL, 0, NULL},
  {"EVS.2087", NULL, INVALID_ARGUMENT, 0, "the new type must exist and rank above the old one"},
  {"EVS.2088", "too many", RESOURCE_EXHAUSTED, 0, "wait until other changes of type have ended: they take hours"},
  {"EVS.2088", NULL, FAILED_PRECONDITION, 0, "the disk cannot change its type as it is"},
  {"EVS.2089", NULL, FAILED_PRECONDITION, 0, "take the disk out of disaster recovery protection first"},
  {"EVS.2093", NULL, FAILED_PRECONDITION, 0, NULL},
  {"EVS.2094", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2096", NULL, INVALID_ARGUMENT, 0, "use the disk type of the snapshot's source"},
  {"EVS.2105", NULL, FAILED_PRECONDITION, 0, "the key of the encrypted disk is gone"},
  {"EVS.2108", NULL, INTERNAL, 0, NULL},
  {"EVS.2130", NULL, FAILED_PRECONDITION, 0, "wait until the backup ends"},
  {"EVS.2131", NULL, UNAVAILABLE, RETRY, NULL},
  {"EVS.2133", NULL, INTERNAL, 0, NULL},
  {"EVS.2134", NULL, INTERNAL, 0, NULL},
  {"EVS.2142", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2143", NULL, FAILED_PRECONDITION, 0, "let EVS use the key management service: create its agency once in the console"},
  {"EVS.2144", NULL, FAILED_PRECONDITION, 0, "the account is frozen: settle it with the cloud"},
  {"EVS.2145", NULL, FAILED_PRECONDITION, 0, "the account is suspended: settle it with the cloud"},
  {"EVS.2147", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2218", NULL, INTERNAL, 0, NULL},
  {"EVS.2219", NULL, ALREADY_EXISTS, 0, "a disk of this name was asked for with other parameters within the last 8 hours"},
  {"EVS.2220", NULL, ABORTED, 0, NULL},
  {"EVS.2221", NULL, ABORTED, UNSURE, NULL},
  {"EVS.2222", NULL, INTERNAL, UNSURE, NULL},
  {"EVS.2223", NULL, UNIMPLEMENTED, 0, NULL},
  {"EVS.2226", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2227", NULL, FAILED_PRECONDITION, 0, NULL},
  {"EVS.2228", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.2229", NULL, NOT_FOUND, 0, "check the server id"},
  {"EVS.2230", NULL, FAILED_PRECONDITION, 0, NULL},
  {"EVS.2231", NULL, INVALID_ARGUMENT, 0, "use a value within the range that the message names"},
  {"EVS.2232", NULL, INVALID_ARGUMENT, 0, "ESSD2 needs iops and takes no throughput"},
  {"EVS.2233", NULL, INVALID_ARGUMENT, 0, "GPSSD2 needs iops and throughput"},
  {"EVS.2234", NULL, INVALID_ARGUMENT, 0, "only ESSD2 and GPSSD2 have adjustable performance"},
  {"EVS.2235", NULL, INVALID_ARGUMENT, 0, "leave iops and throughput out, or use ESSD2 or GPSSD2"},
  {"EVS.2236", NULL, FAILED_PRECONDITION, 0, NULL},
  {"EVS.2238", NULL, INVALID_ARGUMENT, 0, NULL},
  {"EVS.5400", "request body", INTERNAL, 0, NULL},
  {"EVS.5400", "request url", INTERNAL, 0, NULL},
  {"EVS.5400", "mismatch", INTERNAL, 0, NULL},
  {"EVS.5400", "imageRef", INVALID_ARGUMENT, 0, NULL},
  {"EVS.5400", "valid status", FAILED_PRECONDITION, 0, "wait until the disk has the state that the operation needs"},
  {"EVS.5400", "offset param", ABORTED, 0, NULL},
  {"EVS.5400", "limit param must be an integer", INVALID_ARGUMENT, 0, NULL},
  {"EVS.5400", "limit param must be positive", INVALID_ARGUMENT, 0, NULL},
  {"EVS.5401", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"EVS.5403", "metadata can not", PERMISSION_DENIED, 0, "this metadata may not be changed"},
  {"EVS.5403", NULL, PERMISSION_DENIED, 0, "give the user the permission for this action"},
  {"EVS.5404", NULL, NOT_FOUND, 0, NULL},
  {"EVS.5413", NULL, RESOURCE_EXHAUSTED, 0, "delete disks or have the quota raised"},
  {"EVS.5500", NULL, INTERNAL, RETRY | UNSURE, NULL},
  {"EVS.5503", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"EVS.2409", NULL, ABORTED, RETRY, "another snapshot of the disk is being made"},
  /* ECS */
  {"Common.0001", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Common.0002", NULL, INTERNAL, 0, NULL},
  {"Common.0020", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Common.0021", NULL, INTERNAL, 0, NULL},
  {"Common.0022", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Common.0024", NULL, UNAVAILABLE, THROTTLE, NULL},
  {"Common.0025", NULL, UNAVAILABLE, RETRY, NULL},
  {"Common.0999", NULL, INTERNAL, 0, NULL},
  {"Common.1503", NULL, UNAVAILABLE, THROTTLE, NULL},
  {"Ecs.0000", NULL, INTERNAL, 0, NULL},
  {"Ecs.0001", NULL, RESOURCE_EXHAUSTED, 0, "have the quota of servers raised"},
  {"Ecs.0003", "frozen", FAILED_PRECONDITION, 0, "the disk or the account is frozen: settle it with the cloud"},
  {"Ecs.0003", "arrears", FAILED_PRECONDITION, 0, "the account is in arrears: settle it with the cloud"},
  {"Ecs.0003", NULL, PERMISSION_DENIED, 0, "give the user ECS permissions, and check that the account is not in arrears"},
  {"Ecs.0005", NULL, INTERNAL, 0, NULL},
  {"Ecs.0015", NULL, FAILED_PRECONDITION, 0, "use a disk type that suits the server's flavor"},
  {"Ecs.0017", NULL, FAILED_PRECONDITION, 0, "the disk belongs to another server or has the wrong state"},
  {"Ecs.0021", NULL, RESOURCE_EXHAUSTED, 0, "have the quota of disks raised"},
  {"Ecs.0025", NULL, FAILED_PRECONDITION, 0, "let ECS use the key management service"},
  {"Ecs.0030", NULL, FAILED_PRECONDITION, 0, "the server is frozen: settle it with the cloud"},
  {"Ecs.0037", NULL, FAILED_PRECONDITION, 0, "this server takes no SCSI disks: use scsi = false"},
  {"Ecs.0042", NULL, RESOURCE_EXHAUSTED, 0, "detach a disk from the server, or use another server"},
  {"Ecs.0043", NULL, INVALID_ARGUMENT, 0, "use a disk type that this region offers"},
  {"Ecs.0044", NULL, RESOURCE_EXHAUSTED, 0, "use another zone or disk type"},
  {"Ecs.0051", NULL, FAILED_PRECONDITION, 0, "this server takes only SCSI disks: use scsi = true"},
  {"Ecs.0052", NULL, FAILED_PRECONDITION, 0, "this server takes only SCSI disks: use scsi = true"},
  {"Ecs.0053", NULL, FAILED_PRECONDITION, 0, "this server takes only SCSI disks: use scsi = true"},
  {"Ecs.0057", NULL, ALREADY_EXISTS, 0, "the disk is already attached to this server"},
  {"Ecs.0100", NULL, FAILED_PRECONDITION, 0, "the server must be running or stopped"},
  {"Ecs.0101", NULL, FAILED_PRECONDITION, 0, "the server's system disk is not in order"},
  {"Ecs.0102", NULL, FAILED_PRECONDITION, 0, "wait until the disk is in-use"},
  {"Ecs.0103", NULL, FAILED_PRECONDITION, 0, "wait until the disk is available, or detach it first"},
  {"Ecs.0104", NULL, RESOURCE_EXHAUSTED, 0, "detach a disk from the server, or use another server"},
  {"Ecs.0110", NULL, PERMISSION_DENIED, 0, "give the user the permission for this action"},
  {"Ecs.0111", NULL, NOT_FOUND, 0, "the disk is not attached to this server"},
  {"Ecs.0114", NULL, NOT_FOUND, 0, "the server does not exist"},
  {"Ecs.0119", NULL, FAILED_PRECONDITION, 0, "enable the key of the disk in the key management service"},
  {"Ecs.0121", NULL, FAILED_PRECONDITION, 0, "disk and server are in different failure domains"},
  {"Ecs.0205", NULL, INTERNAL, 0, NULL},
  {"Ecs.0405", NULL, INTERNAL, 0, NULL},
  {"Ecs.0603", NULL, ABORTED, RETRY, WAIT_A_MINUTE},
  {"Ecs.0605", NULL, FAILED_PRECONDITION, 0, "unlock the server first"},
  {"Ecs.0614", NULL, NOT_FOUND, 0, "the server does not exist"},
  {"Ecs.0809", NULL, RESOURCE_EXHAUSTED, 0, "detach a disk from the server, or use another server"},
  {"Ecs.0909", NULL, FAILED_PRECONDITION, 0, "use a disk type that suits the server's flavor"},
  {"Ecs.0911", NULL, INVALID_ARGUMENT, 0, "check dssId"},
  {"Ecs.0912", NULL, INVALID_ARGUMENT, 0, "check kmsId"},
  {"Ecs.1000", "itemNotFound", NOT_FOUND, 0, NULL},
  {"Ecs.1000", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Ecs.1001", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Ecs.1002", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Ecs.1300", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"Pdp.0001", NULL, PERMISSION_DENIED, 0, "give the user the permission for this action"},
  /* API gateway */
  {"APIGW.0101", NULL, UNIMPLEMENTED, 0, "this cloud does not offer the call: check region and endpoints"},
  {"APIGW.0106", NULL, UNAVAILABLE, RETRY, NULL},
  {"APIGW.0201", "imeout", UNAVAILABLE, RETRY | UNSURE, NULL},
  {"APIGW.0201", "navailable", UNAVAILABLE, RETRY | UNSURE, NULL},
  {"APIGW.0201", "nternal", UNAVAILABLE, RETRY | UNSURE, NULL},
  {"APIGW.0201", NULL, INTERNAL, 0, NULL},
  {"APIGW.0301", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"APIGW.0302", NULL, PERMISSION_DENIED, 0, "the user may not use this call"},
  {"APIGW.0303", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"APIGW.0305", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"APIGW.0307", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"APIGW.0308", NULL, UNAVAILABLE, THROTTLE, NULL},
  {"APIGW.0310", NULL, PERMISSION_DENIED, 0, "the project is not available: check project-id and the account"},
  /* native names, used where a Nova or Cinder error has no code of its own */
  {"itemNotFound", NULL, NOT_FOUND, 0, NULL},
  {"badRequest", NULL, INTERNAL, 0, NULL},
  {"conflictingRequest", NULL, ABORTED, 0, NULL},
  {"overLimit", NULL, RESOURCE_EXHAUSTED, 0, "have the quota raised"},
  {"unauthorized", NULL, UNAUTHENTICATED, AUTH, CHECK_CREDENTIALS},
  {"forbidden", NULL, PERMISSION_DENIED, 0, NULL},
  {"serviceUnavailable", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  {"computeFault", NULL, UNAVAILABLE, RETRY | UNSURE, NULL},
  /* clang-format on */
};

const EvsCloudCode *evs_cloud_code_find(const char *cloud_code, const char *message)
{
  if (!cloud_code || !*cloud_code)
    return NULL;
  g_autofree char *gateway =
    g_str_has_prefix(cloud_code, "APIG.") ? g_strconcat("APIGW.", cloud_code + 5, NULL) : NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
    const EvsCloudCode *row = &codes[i];
    if (g_str_equal(row->cloud_code, gateway ? gateway : cloud_code) &&
        (!row->needle || (message && strstr(message, row->needle))))
      return row;
  }
  return NULL;
}

EvsCode evs_code_of_http_status(int status)
{
  switch (status) {
  case 401:
  case 407:
    return EVS_CODE_UNAUTHENTICATED;
  case 403:
    return EVS_CODE_PERMISSION_DENIED;
  case 409:
    return EVS_CODE_ABORTED;
  case 413:
    return EVS_CODE_RESOURCE_EXHAUSTED;
  case 501:
    return EVS_CODE_UNIMPLEMENTED;
  case 408:
  case 429:
  case 502:
  case 503:
  case 504:
    return EVS_CODE_UNAVAILABLE;
  default:
    return EVS_CODE_INTERNAL;
  }
}

guint evs_traits_of_http_status(int status)
{
  if (status == 429)
    return EVS_TRAIT_THROTTLE;
  if (status == 401)
    return EVS_TRAIT_AUTH;
  if (status == 408 || status >= 500)
    return EVS_TRAIT_RETRY | EVS_TRAIT_UNSURE;
  return 0;
}
