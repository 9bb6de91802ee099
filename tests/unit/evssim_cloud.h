/* The simulated cloud inside a test: no socket, no process. A request goes through the router as it would from the
 * wire; jobs end as the event loop turns.
 *
 * The accounts: "alpha" (users csi with every right, reader who may only read, nothing who may
 * nothing, denied who may all but delete disks; agency node; servers alpha-1 and
 * alpha-2 virtio in sim-1a, tiny with room for two disks, far in sim-1b, bare without an agency, scsi-1) and "beta"
 * (user other; quotas of 3 disks, 1000 GiB, 100 GiB of SAS, 500 GiB each).
 * Every secret is in evssim_cloud.c. */
#pragma once

#include "evssim/request.h"
#include "evssim/sim.h"
#include "tests/unit/cmocka_all.h"

#define ALPHA_PROJECT "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ALPHA_SUB "0f1e2d3c4b5a69788796a5b4c3d2e1f1"
#define BETA_PROJECT "1f1e2d3c4b5a69788796a5b4c3d2e1f0"

typedef struct {
  Sim *sim;
  char *directory;
  char *token; /* sent as X-Auth-Token by cloud_call(); NULL: none */
  gboolean devices;
} Cloud;

typedef struct {
  int status;
  char *code;    /* of an error, "" if none */
  char *message; /* of an error, or the plain text of the answer */
  json_t *body;  /* NULL if it has none */
  char *token;   /* X-Subject-Token */
} Answer;

void answer_clear(Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* Fixtures for cmocka: *state is the Cloud. With devices, servers get their trees (root only). */
int cloud_setup(void **state);
int cloud_setup_with_devices(void **state);
int cloud_teardown(void **state);
/* Ends the simulator as SIGTERM does and starts one on its state. */
void cloud_restart(Cloud *cloud);

/* headers: NULL, or pairs of name and value ending with NULL. body: NULL, or text. */
Answer cloud_request(Cloud *cloud, const char *method, const char *target, const char *body,
                     const char *const *headers);
/* With the cloud's token. */
Answer cloud_call(Cloud *cloud, const char *method, const char *target, const char *body);
/* Signed by SDK-HMAC-SHA256 for now + late_s; security_token may be NULL. scoped: the legacy form. */
Answer cloud_signed(Cloud *cloud, const char *ak, const char *sk, const char *security_token, gboolean scoped,
                    gint64 late_s, const char *method, const char *target, const char *body);
/* A token of this user of account alpha (or beta for "other"), scoped to the account's first project. The caller frees. */
char *cloud_login(Cloud *cloud, const char *user);
/* Moves the virtual clock. */
void cloud_pass(Cloud *cloud, gint64 seconds);

/* A string of the answer by its path, "token/project/id"; numbers pick array items. Fails the test if absent. */
const char *answer_text(const Answer *answer, const char *path);
/* A disk as 6.1.1 would have made it, available. Borrowed. */
Disk *cloud_disk(Cloud *cloud, const char *zone, gint64 size_gib);
const Server *cloud_server(const Cloud *cloud, const char *name);
/* Turns the loop until the disk has this status. */
void cloud_turn_until(Cloud *cloud, const Disk *disk, const char *status);
/* Turns the loop until the snapshot has this status; NULL: until it is gone. */
void cloud_turn_until_snapshot(Cloud *cloud, const char *id, const char *status);
/* Turns the loop until there is no such disk. */
void cloud_turn_until_gone(Cloud *cloud, const char *volume_id);
/* Turns the loop until the job has ended; its status as the ECS endpoint tells it. The caller frees. */
char *cloud_wait_job(Cloud *cloud, const char *job_id);

/* --- EVS disks through the API. JSON may be written with single quotes. --- */

#define EVS_CREATE "/evs/v2.1/" ALPHA_PROJECT "/cloudvolumes"
#define EVS_DISKS "/evs/v2/" ALPHA_PROJECT "/cloudvolumes/"
#define EVS_JOBS "/evs/v1/" ALPHA_PROJECT "/jobs/"
#define NO_SUCH_ID "00000000-0000-4000-8000-000000000000"
/* The start of a "volume" object that 6.1.1 takes. */
#define GOOD_VOLUME "'availability_zone':'sim-1a','volume_type':'SSD','size':10"

/* Newly allocated, with double quotes. */
char *cloud_quoted(const char *single_quoted);
/* client_token: X-Client-Token, or NULL. */
Answer cloud_post(Cloud *cloud, const char *target, const char *single_quoted, const char *client_token);
/* Fails the test unless the answer has this status and code ("": none). */
void answer_expect(const Answer *answer, int status, const char *code);
/* Turns the loop until the EVS job has ended (or says so); its last answer. */
Answer cloud_wait_evs_job(Cloud *cloud, const char *job_id);
/* To /_sim, as from loopback, where alone it answers. single_quoted may be NULL. Returns the status. */
int cloud_control(Cloud *cloud, const char *method, const char *target, const char *single_quoted);
/* PUT /_sim/disks/ID. */
void cloud_set_disk(Cloud *cloud, const char *id, const char *single_quoted);
/* As POST /_sim/faults. */
void cloud_fault(Cloud *cloud, const char *single_quoted);
/* Makes an available disk by 6.1.1; its id, newly allocated. */
char *cloud_make_disk(Cloud *cloud, const char *name);
Answer cloud_get_disk(Cloud *cloud, const char *id);
Answer cloud_delete_disk(Cloud *cloud, const char *id);
/* /evs/VERSION/ALPHA_PROJECT/<format...>; body: NULL, or JSON that may be written with single quotes. */
Answer cloud_evs(Cloud *cloud, const char *method, const char *version, const char *body, const char *format,
                 ...) G_GNUC_PRINTF(5, 6);
/* From now on the cloud's token is that of user reader of account alpha, who may do these actions (parted by blanks). */
void cloud_act_as(Cloud *cloud, const char *actions);
/* Calls of an operation so far that were answered, whatever the answer. */
guint64 cloud_calls(const Cloud *cloud, const char *op);
