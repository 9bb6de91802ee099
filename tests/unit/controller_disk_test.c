/* What the controller reads from disks: owner, fit, place, publish context, list order. */
#include "base/error.h"
#include "controller/create_request.h"
#include "controller/disk_state.h"
#include "controller/find_disk.h"
#include "controller/list_volumes.h"
#include "controller/publish_context.h"
#include "controller/topology.h"
#include "controller/volume_id.h"
#include "controller/volume_message.h"
#include "tests/unit/cmocka_all.h"

#define ID(n) "0000000" n "-1111-4222-8333-444455556666"
#define KEY_ID "aaaaaaaa-1111-4222-8333-444455556666"

static const Owner us = {.cluster_id = "prod", .driver_name = "evs.csi.huaweicloud.com"};

static void assert_error(GError *error, EvsCode code, const char *text)
{
  assert_non_null(error);
  assert_int_equal(evs_error_code(error), code);
  if (!strstr(error->message, text))
    fail_msg("'%s' is not in '%s'", text, error->message);
  g_error_free(error);
}

static void set(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

/* An available 10 GiB virtio SSD disk in az-1, marked as made by us for this name (NULL: unmarked). */
static EvsDisk *new_disk(const char *id, const char *created_at, const char *name)
{
  EvsDisk *disk = g_new0(EvsDisk, 1);
  char **const texts[] = {&disk->id,
                          &disk->name,
                          &disk->status,
                          &disk->description,
                          &disk->availability_zone,
                          &disk->volume_type,
                          &disk->snapshot_id,
                          &disk->image_id,
                          &disk->backup_id,
                          &disk->wwn,
                          &disk->service_type,
                          &disk->enterprise_project_id,
                          &disk->dedicated_storage_id,
                          &disk->created_at};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    *texts[i] = g_strdup("");
  set(&disk->id, id);
  set(&disk->created_at, created_at);
  set(&disk->name, name ? name : "static");
  set(&disk->status, "available");
  set(&disk->availability_zone, "az-1");
  set(&disk->volume_type, "SSD");
  disk->size_gib = 10;
  disk->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  disk->tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  disk->attachments = g_ptr_array_new();
  if (name)
    owner_mark(&us, name, disk->metadata);
  return disk;
}

static void put(EvsDisk *disk, const char *key, const char *value)
{
  g_hash_table_insert(disk->metadata, g_strdup(key), g_strdup(value));
}

static void plug(EvsDisk *disk, const char *server_id, const char *device)
{
  EvsAttachment *attachment = g_new0(EvsAttachment, 1);
  attachment->server_id = g_strdup(server_id);
  attachment->attachment_id = g_strdup("");
  attachment->device = g_strdup(device);
  g_ptr_array_add(disk->attachments, attachment);
}

static void test_owner(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk(ID("1"), "2026", "pvc-1");
  assert_int_equal(owner_of_disk(&us, disk), OWNER_US);
  assert_true(owner_made_for(&us, disk, "pvc-1"));
  assert_false(owner_made_for(&us, disk, "pvc-2"));
  assert_true(owner_made_volume(&us, disk));
  const Owner other_cluster = {.cluster_id = "test", .driver_name = us.driver_name};
  const Owner other_driver = {.cluster_id = "prod", .driver_name = "two.csi"};
  assert_int_equal(owner_of_disk(&other_cluster, disk), OWNER_ANOTHER);
  assert_int_equal(owner_of_disk(&other_driver, disk), OWNER_ANOTHER);
  assert_false(owner_made_for(&other_cluster, disk, "pvc-1"));
  assert_false(owner_made_volume(&other_cluster, disk));
  g_autofree char *text = owner_describe(disk);
  assert_string_equal(text, "cluster 'prod', driver 'evs.csi.huaweicloud.com'");

  g_autoptr(EvsDisk) peer = new_disk(ID("2"), "2026", NULL);
  assert_int_equal(owner_of_disk(&us, peer), OWNER_NOBODY);
  assert_false(owner_made_volume(&us, peer));
  put(peer, OWNER_KEY_PV_NAME, "pvc-9");
  assert_true(owner_made_volume(&us, peer));
}

static void test_owner_note(void **state)
{
  (void)state;
  g_autoptr(GHashTable) table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *fits = g_strnfill(METADATA_VALUE_MAX, 'x');
  g_autofree char *longer = g_strnfill(METADATA_VALUE_MAX + 1, 'x');
  owner_note(table, "fits", fits);
  owner_note(table, "longer", longer);
  assert_string_equal(g_hash_table_lookup(table, "fits"), fits);
  const char *cut = g_hash_table_lookup(table, "longer");
  assert_int_equal(strlen(cut), 76 + 1 + 8);
  assert_string_equal(cut + 76, "~bcb32a37");

  GString *umlauts = g_string_new("x");
  for (int i = 0; i < 50; i++)
    g_string_append(umlauts, "ä");
  owner_note(table, "umlauts", umlauts->str);
  g_string_free(umlauts, TRUE);
  const char *whole = g_hash_table_lookup(table, "umlauts");
  assert_true(g_utf8_validate(whole, -1, NULL));
  assert_int_equal(strlen(whole), 75 + 1 + 8);
}

static void test_pick(void **state)
{
  (void)state;
  g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func((GDestroyNotify)evs_disk_free);
  EvsDisk *failed = new_disk(ID("1"), "2026-01-01", "pvc-1");
  set(&failed->status, "error");
  EvsDisk *going = new_disk(ID("2"), "2026-01-02", "pvc-1");
  set(&going->status, "deleting");
  EvsDisk *named_alike = new_disk(ID("3"), "2026-01-03", NULL);
  set(&named_alike->name, "pvc-1");
  EvsDisk *fuzzy = new_disk(ID("4"), "2026-01-03", "pvc-1");
  set(&fuzzy->name, "pvc-10");
  EvsDisk *younger = new_disk(ID("6"), "2026-01-05", "pvc-1");
  EvsDisk *older = new_disk(ID("5"), "2026-01-05", "pvc-1");
  EvsDisk *const all[] = {failed, going, named_alike, fuzzy, younger, older};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
    g_ptr_array_add(disks, all[i]);
  guint duplicates = 9;
  assert_ptr_equal(find_disk_pick(&us, "pvc-1", "pvc-1", disks, &duplicates), older);
  assert_int_equal(duplicates, 1);
  g_ptr_array_set_size(disks, 4);
  assert_null(find_disk_pick(&us, "pvc-1", "pvc-1", disks, &duplicates));
  assert_int_equal(duplicates, 0);
}

/* A request that new_disk() fits. */
static CreateRequest new_request(void)
{
  CreateRequest request = {.name = (char *)"pvc-1",
                           .evs_name = (char *)"pvc-1",
                           .size = {.create_gib = 10, .least_gib = 5, .most_gib = 20},
                           .zones = g_ptr_array_new()};
  g_ptr_array_add(request.zones, (char *)"az-2");
  g_ptr_array_add(request.zones, (char *)"az-1");
  return request;
}

static void test_fits(void **state)
{
  (void)state;
  CreateRequest request = new_request();
  g_autoptr(EvsDisk) disk = new_disk(ID("1"), "2026", "pvc-1");
  assert_true(find_disk_fits(&request, disk, NULL));
  request.parameters.type = (char *)"SSD";
  assert_true(find_disk_fits(&request, disk, NULL));

  static const struct {
    const char *what, *text;
  } rows[] = {{"small", "another capacity: it has '4 GiB', the request wants '5 to 20 GiB'"},
              {"big", "it has '21 GiB'"},
              {"type", "another type: it has 'SAS', the request wants 'SSD'"},
              {"zone", "another availability zone: it has 'az-3'"},
              {"source", "another source"},
              {"image", "another source"},
              {"key", "another encryption key: it has '" KEY_ID "'"},
              {"scsi", "another device type: it has 'scsi', the request wants 'virtio'"},
              {"shared", "another multiattach: it has 'true'"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(EvsDisk) other = new_disk(ID("1"), "2026", "pvc-1");
    if (g_str_equal(rows[i].what, "small"))
      other->size_gib = 4;
    else if (g_str_equal(rows[i].what, "big"))
      other->size_gib = 21;
    else if (g_str_equal(rows[i].what, "type"))
      set(&other->volume_type, "SAS");
    else if (g_str_equal(rows[i].what, "zone"))
      set(&other->availability_zone, "az-3");
    else if (g_str_equal(rows[i].what, "source"))
      set(&other->snapshot_id, ID("7"));
    else if (g_str_equal(rows[i].what, "image"))
      set(&other->image_id, ID("7"));
    else if (g_str_equal(rows[i].what, "key"))
      put(other, "__system__cmkid", KEY_ID);
    else if (g_str_equal(rows[i].what, "scsi"))
      put(other, "hw:passthrough", "true");
    else
      other->multiattach = TRUE;
    GError *error = NULL;
    assert_false(find_disk_fits(&request, other, &error));
    assert_error(error, EVS_CODE_ALREADY_EXISTS, rows[i].text);
  }
  g_autoptr(EvsDisk) changed = new_disk(ID("1"), "2026", "pvc-1");
  set(&changed->volume_type, "ESSD");
  put(changed, OWNER_KEY_CREATED_TYPE, "SSD");
  assert_true(find_disk_fits(&request, changed, NULL));
  request.parameters.type = (char *)"ESSD";
  assert_true(find_disk_fits(&request, changed, NULL));
  request.parameters.type = (char *)"SAS";
  GError *error = NULL;
  assert_false(find_disk_fits(&request, changed, &error));
  assert_error(error, EVS_CODE_ALREADY_EXISTS, "another type: it has 'ESSD', the request wants 'SAS'");
  g_ptr_array_unref(request.zones);
}

static void test_publish_context(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk("62f0d06b-808d-480d-8a1b-444455556666", "2026", "pvc-1");
  Csi__V1__ControllerPublishVolumeResponse *response = g_new0(Csi__V1__ControllerPublishVolumeResponse, 1);
  csi__v1__controller_publish_volume_response__init(response);
  assert_true(publish_context_fill(&us, disk, response, NULL));
  StringMap map = STRING_MAP(response, publish_context);
  assert_int_equal(map.count, 4);
  assert_string_equal(string_map_get(map, "bus"), "virtio");
  assert_string_equal(string_map_get(map, "serial"), "62f0d06b-808d-480d-8");
  assert_string_equal(string_map_get(map, "size-bytes"), "10737418240");
  assert_string_equal(string_map_get(map, "blank"), "true");
  csi__v1__controller_publish_volume_response__free_unpacked(response, NULL);

  response = g_new0(Csi__V1__ControllerPublishVolumeResponse, 1);
  csi__v1__controller_publish_volume_response__init(response);
  put(disk, "hw:passthrough", "true");
  set(&disk->wwn, " 6888603000008B32FA16688D09368506");
  set(&disk->snapshot_id, ID("7"));
  assert_true(publish_context_fill(&us, disk, response, NULL));
  map = STRING_MAP(response, publish_context);
  assert_string_equal(string_map_get(map, "bus"), "scsi");
  assert_string_equal(string_map_get(map, "wwn"), "6888603000008b32fa16688d09368506");
  assert_null(string_map_get(map, "serial"));
  assert_string_equal(string_map_get(map, "blank"), "false");
  csi__v1__controller_publish_volume_response__free_unpacked(response, NULL);

  set(&disk->wwn, "688860300000");
  Csi__V1__ControllerPublishVolumeResponse unused = CSI__V1__CONTROLLER_PUBLISH_VOLUME_RESPONSE__INIT;
  GError *error = NULL;
  assert_false(publish_context_fill(&us, disk, &unused, &error));
  assert_error(error, EVS_CODE_FAILED_PRECONDITION, "no usable wwn");
}

static void test_blank(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) ours = new_disk(ID("1"), "2026", "pvc-1");
  assert_true(publish_context_blank(&us, ours));
  set(&ours->backup_id, ID("7"));
  assert_false(publish_context_blank(&us, ours));
  g_autoptr(EvsDisk) transferred = new_disk(ID("1"), "2026", "pvc-1");
  put(transferred, OWNER_KEY_SOURCE, "transfer:" ID("8"));
  assert_false(publish_context_blank(&us, transferred));
  g_autoptr(EvsDisk) by_hand = new_disk(ID("1"), "2026", NULL);
  assert_false(publish_context_blank(&us, by_hand));
  put(by_hand, OWNER_KEY_PV_NAME, "pvc-1");
  assert_true(publish_context_blank(&us, by_hand));
  put(by_hand, OWNER_KEY_CLUSTER, "test");
  assert_false(publish_context_blank(&us, by_hand));
}

static GPtrArray *new_list(void)
{
  GPtrArray *disks = g_ptr_array_new_with_free_func((GDestroyNotify)evs_disk_free);
  EvsDisk *system_disk = new_disk(ID("1"), "2026-01-01", NULL);
  system_disk->bootable = TRUE;
  plug(system_disk, "srv-a", "/dev/vda");
  EvsDisk *second_boot_disk = new_disk(ID("2"), "2026-01-02", NULL);
  second_boot_disk->bootable = TRUE;
  plug(second_boot_disk, "srv-b", "/dev/vdb");
  g_ptr_array_add(disks, new_disk(ID("4"), "2026-01-04", "pvc-4"));
  g_ptr_array_add(disks, new_disk(ID("5"), "2026-01-03", "pvc-5"));
  g_ptr_array_add(disks, new_disk(ID("3"), "2026-01-03", "pvc-3"));
  g_ptr_array_add(disks, second_boot_disk);
  g_ptr_array_add(disks, system_disk);
  return disks;
}

static void assert_ids(GPtrArray *disks, const char *digits)
{
  assert_int_equal(disks->len, strlen(digits));
  for (guint i = 0; i < disks->len; i++)
    assert_int_equal(((EvsDisk *)disks->pdata[i])->id[7], digits[i]);
}

static void test_list_select(void **state)
{
  (void)state;
  g_autoptr(GPtrArray) all = new_list();
  list_select(all, &us, FALSE, NULL, NULL);
  assert_ids(all, "2354");
  g_autofree char *token =
    list_token_new(((EvsDisk *)all->pdata[1])->created_at, ((EvsDisk *)all->pdata[1])->id);
  assert_string_equal(token, "2026-01-03/" ID("3"));

  g_autofree char *created_at = NULL;
  const char *id = NULL;
  assert_true(list_token_parse(token, &created_at, &id, NULL));
  g_autoptr(GPtrArray) rest = new_list();
  list_select(rest, &us, FALSE, created_at, id);
  assert_ids(rest, "54");
  g_autoptr(GPtrArray) owned = new_list();
  list_select(owned, &us, TRUE, NULL, NULL);
  assert_ids(owned, "354");
  size_t count = 0;
  char **nodes = volume_message_nodes(all->pdata[0], &count);
  assert_int_equal(count, 1);
  assert_string_equal(nodes[0], "srv-b");
  g_free(nodes[0]);
  g_free(nodes);
}

static void test_list_token(void **state)
{
  (void)state;
  static const char *const bad[] = {"invalid-token", "1",     "2026-01-01/",     "2026-01-01/x",
                                    "x/" ID("1"),    ID("1"), "'; drop/" ID("1")};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    char *created_at = NULL;
    const char *id = NULL;
    GError *error = NULL;
    assert_false(list_token_parse(bad[i], &created_at, &id, &error));
    assert_error(error, EVS_CODE_ABORTED, "field 'starting_token' is no token");
  }
  char *created_at = NULL;
  const char *id = NULL;
  assert_true(list_token_parse("", &created_at, &id, NULL));
  assert_null(created_at);
}

/* ---- topology ---- */

static EvsDiskType types[] = {
  {.name = (char *)"GPSSD", .zones = (char *[]){(char *)"az-2", NULL}, .sold_out = (char *[]){NULL}},
  {.name = (char *)"SSD", .zones = NULL, .sold_out = (char *[]){(char *)"az-1", NULL}},
  {.name = (char *)"SATA",
   .zones = NULL,
   .sold_out = (char *[]){(char *)"az-1", (char *)"az-2", (char *)"az-3", NULL}},
};

static GPtrArray *texts(const char *list)
{
  GPtrArray *array = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) parts = g_strsplit(list, ",", -1);
  for (char **part = parts; *part && **part; part++)
    g_ptr_array_add(array, g_strdup(*part));
  return array;
}

static void test_topology_choose(void **state)
{
  (void)state;
  g_autoptr(GPtrArray) offers = g_ptr_array_new();
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    g_ptr_array_add(offers, &types[i]);
  static const struct {
    const char *zones, *type, *available;
    const char *zone, *chosen; /* NULL: refused */
    EvsCode code;
    const char *text;
  } rows[] = {
    {"", "SSD", "az-3,az-2,az-1", "az-2", "SSD", 0, NULL},
    {"az-3,az-2", "SSD", "az-1,az-2,az-3", "az-3", "SSD", 0, NULL},
    {"az-1,az-2", "SSD", "az-1,az-2,az-3", "az-2", "SSD", 0, NULL},
    {"az-9,az-2", "SSD", "az-1,az-2", "az-2", "SSD", 0, NULL},
    {"", NULL, "az-1,az-2", "az-2", "GPSSD", 0, NULL},
    {"az-3", NULL, "az-1,az-2,az-3", "az-3", "SSD", 0, NULL},
    {"az-1", NULL, "az-1,az-2", NULL, NULL, EVS_CODE_RESOURCE_EXHAUSTED, "availability zone az-1"},
    {"az-1", "SSD", "az-1,az-2", NULL, NULL, EVS_CODE_RESOURCE_EXHAUSTED,
     "'SSD' is sold out in availability zone az-1"},
    {"az-1,az-3", "GPSSD", "az-1,az-3", NULL, NULL, EVS_CODE_RESOURCE_EXHAUSTED,
     "'GPSSD' is not offered in availability zone az-1, az-3"},
    {"", "SATA", "az-1,az-2,az-3", NULL, NULL, EVS_CODE_RESOURCE_EXHAUSTED, "sold out"},
    {"", "FAST", "az-1", NULL, NULL, EVS_CODE_INVALID_ARGUMENT,
     "'FAST', which is no disk type; accepted: GPSSD, SATA, SSD"},
    {"az-9", "SSD", "az-1,az-2", NULL, NULL, EVS_CODE_INVALID_ARGUMENT,
     "availability zone 'az-9' does not exist; available: az-1, az-2"},
    {"", "SSD", "", NULL, NULL, EVS_CODE_UNAVAILABLE, "no availability zone"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GPtrArray) zones = texts(rows[i].zones);
    g_autoptr(GPtrArray) available = texts(rows[i].available);
    g_autofree char *zone = NULL, *type = NULL;
    GError *error = NULL;
    if (topology_choose(zones, rows[i].type, offers, available, &zone, &type, &error)) {
      assert_non_null(rows[i].zone);
      assert_string_equal(zone, rows[i].zone);
      assert_string_equal(type, rows[i].chosen);
    } else {
      assert_null(rows[i].zone);
      assert_error(error, rows[i].code, rows[i].text);
    }
  }
}

/* A term from "key=value" texts. */
static Csi__V1__Topology *new_term(const char *first, const char *second)
{
  Csi__V1__Topology *term = g_new0(Csi__V1__Topology, 1);
  csi__v1__topology__init(term);
  const char *const pairs[] = {first, second};
  for (gsize i = 0; i < 2 && pairs[i]; i++) {
    g_auto(GStrv) sides = g_strsplit(pairs[i], "=", 2);
    STRING_MAP_ADD(term, segments, csi__v1__topology__segments_entry__descriptor, sides[0], sides[1]);
  }
  return term;
}

static void test_topology_zones(void **state)
{
  (void)state;
  Csi__V1__Topology *preferred[] = {new_term(TOPOLOGY_KEY "=az-2", NULL),
                                    new_term(TOPOLOGY_KEY_WELL_KNOWN "=az-1", NULL)};
  Csi__V1__Topology *requisite[] = {new_term(TOPOLOGY_KEY "=az-1", TOPOLOGY_KEY_WELL_KNOWN "=az-1"),
                                    new_term(TOPOLOGY_KEY "=az-3", "rack=7"), new_term("rack=9", NULL),
                                    new_term(TOPOLOGY_KEY "=az-1", TOPOLOGY_KEY_WELL_KNOWN "=az-2")};
  Csi__V1__TopologyRequirement requirement = CSI__V1__TOPOLOGY_REQUIREMENT__INIT;
  requirement.preferred = preferred;
  requirement.n_preferred = 2;
  requirement.requisite = requisite;
  requirement.n_requisite = 3;
  g_autoptr(GPtrArray) zones = topology_zones(&requirement, NULL);
  assert_int_equal(zones->len, 3);
  assert_string_equal(zones->pdata[0], "az-2");
  assert_string_equal(zones->pdata[1], "az-1");
  assert_string_equal(zones->pdata[2], "az-3");

  GError *error = NULL;
  assert_false(topology_narrow(zones, "az-7", &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT,
               "'availability' is 'az-7', but field 'accessibility_requirements'");
  assert_true(topology_narrow(zones, "az-3", NULL));
  assert_int_equal(zones->len, 1);
  assert_string_equal(zones->pdata[0], "az-3");

  requirement.n_requisite = 4;
  error = NULL;
  assert_null(topology_zones(&requirement, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "two zones");
  requirement.n_preferred = 0;
  requirement.requisite = &requisite[2];
  requirement.n_requisite = 1;
  error = NULL;
  assert_null(topology_zones(&requirement, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "names no zone; accepted keys: " TOPOLOGY_KEY);
  g_autoptr(GPtrArray) none = topology_zones(NULL, NULL);
  assert_int_equal(none->len, 0);
  for (gsize i = 0; i < 2; i++)
    csi__v1__topology__free_unpacked(preferred[i], NULL);
  for (gsize i = 0; i < 4; i++)
    csi__v1__topology__free_unpacked(requisite[i], NULL);
}

/* ---- whole requests, ids, statuses ---- */

static void test_create_request(void **state)
{
  (void)state;
  Csi__V1__VolumeCapability__BlockVolume block = CSI__V1__VOLUME_CAPABILITY__BLOCK_VOLUME__INIT;
  Csi__V1__VolumeCapability__AccessMode mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
  mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__MULTI_NODE_MULTI_WRITER;
  Csi__V1__VolumeCapability capability = CSI__V1__VOLUME_CAPABILITY__INIT;
  capability.access_mode = &mode;
  capability.block = &block;
  capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
  Csi__V1__VolumeCapability *capabilities[] = {&capability};
  Csi__V1__CreateVolumeRequest message = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
  message.name = (char *)"pvc-1";
  message.volume_capabilities = capabilities;
  message.n_volume_capabilities = 1;

  GError *error = NULL;
  assert_null(create_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "needs parameter 'multiattach'");
  mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
  g_autoptr(CreateRequest) parsed = create_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, NULL);
  assert_string_equal(parsed->evs_name, "pvc-1");
  assert_int_equal(parsed->size.create_gib, 10);
  assert_int_equal(parsed->zones->len, 0);

  Csi__V1__VolumeContentSource source = CSI__V1__VOLUME_CONTENT_SOURCE__INIT;
  message.volume_content_source = &source;
  error = NULL;
  assert_null(create_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "field 'volume_content_source' names no source");
  message.volume_content_source = NULL;
  Csi__V1__CreateVolumeRequest__MutableParametersEntry entry =
    CSI__V1__CREATE_VOLUME_REQUEST__MUTABLE_PARAMETERS_ENTRY__INIT;
  Csi__V1__CreateVolumeRequest__MutableParametersEntry *entries[] = {&entry};
  entry.key = (char *)"iops";
  message.mutable_parameters = entries;
  message.n_mutable_parameters = 1;
  error = NULL;
  assert_null(create_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT,
               "mutable parameter 'iops' is ''; accepted: a whole number from 1 to 1000000");
}

static void test_ids_and_statuses(void **state)
{
  (void)state;
  GError *error = NULL;
  assert_false(volume_id_check("volume_id", "", &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty");
  g_autofree char *longer = g_strnfill(ID_MAX + 1, 'a');
  error = NULL;
  assert_false(volume_id_check("node_id", longer, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "129 bytes; at most 128");
  error = NULL;
  assert_false(volume_id_check_exists("node", "fake-node-id-xxx", &error));
  assert_error(error, EVS_CODE_NOT_FOUND, "node 'fake-node-id-xxx' does not exist");

  g_autoptr(EvsDisk) disk = new_disk(ID("1"), "2026", "pvc-1");
  set(&disk->status, "backing-up");
  error = NULL;
  assert_false(disk_refuse_status(disk, "deleted", &error));
  assert_error(error, EVS_CODE_ABORTED, "cannot be deleted now: its status is 'backing-up'");
  set(&disk->status, "awaiting-transfer");
  error = NULL;
  assert_false(disk_refuse_status(disk, "attached", &error));
  assert_error(error, EVS_CODE_FAILED_PRECONDITION, "'awaiting-transfer'");
  g_autofree char *none = disk_describe_servers(disk);
  assert_string_equal(none, "none");
  plug(disk, "srv-a", "/dev/vda");
  plug(disk, "srv-b", "/dev/vdb");
  g_autofree char *both = disk_describe_servers(disk);
  assert_string_equal(both, "server 'srv-a', server 'srv-b'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_owner),
    cmocka_unit_test(test_owner_note),
    cmocka_unit_test(test_pick),
    cmocka_unit_test(test_fits),
    cmocka_unit_test(test_publish_context),
    cmocka_unit_test(test_blank),
    cmocka_unit_test(test_list_select),
    cmocka_unit_test(test_list_token),
    cmocka_unit_test(test_topology_choose),
    cmocka_unit_test(test_topology_zones),
    cmocka_unit_test(test_create_request),
    cmocka_unit_test(test_ids_and_statuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
