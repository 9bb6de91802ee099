/* evs-sim: the cloud on one machine (ARCHITECTURE.md; formats: docs/evs-sim.md).
 *
 * One process, one event loop, one thread: nothing here is locked, and no handler may block for longer than a local
 * system call takes. A request goes: http_server -> router (service, route, authentication, faults, rate, permission)
 * -> the route's handler, which changes the model and answers at once by one reply_*() call -> http_server. What takes
 * time in the cloud is a Job (jobs.h): the handler starts it, its type's finish function makes the effect later.
 *
 * The model is plain structs in hash tables. Whoever changes one calls its *_changed() function before returning to
 * the loop: that writes it to the journal (state.h), so that it survives SIGKILL.
 *
 * Three clocks: clock_now_us() (monotonic, real), sim_cloud_us() (the cloud's wall clock: real + skew; what clients
 * see) and sim_virtual_us() (runs at the speed of /_sim/clock: job times and lifetimes). */
#pragma once

#include "evssim/jsonread.h"

struct event_base;

typedef struct Sim Sim;
typedef struct Account Account;
typedef struct Project Project;
typedef struct User User;
typedef struct Agency Agency;
typedef struct Server Server;
typedef struct Disk Disk;
typedef struct Snapshot Snapshot;
typedef struct Job Job;
typedef struct Request Request;

enum {
  SIM_ID_HEX = 32,             /* digits of a project or domain id */
  SIM_BODY_MAX = 12 << 20,     /* bytes of a request body (the gateway's limit) */
  SIM_SERVERS_MAX = 10000,     /* over all accounts */
  SIM_SLOTS_MAX = 60,          /* disks of one server */
  SIM_SHARED_SERVERS_MAX = 16, /* servers of one shared disk */
};

typedef enum {
  SIM_SERVICE_EVS,
  SIM_SERVICE_ECS,
  SIM_SERVICE_IAM,
  SIM_SERVICE_IMS,
  SIM_SERVICE_META,
  SIM_SERVICE_CONTROL
} SimService;

/* ---- accounts.h: who there is; from accounts.json, fixed while the process runs but for servers ---- */

typedef struct {
  char *ak, *sk;
} AccessKey;

struct User {
  Account *account;
  char *name, *password;
  GPtrArray *keys; /* of AccessKey* */
  char **actions;  /* "*", "evs:*", "evs:volumes:create" */
};

struct Agency {
  Account *account;
  char *name;
  char **actions;
};

struct Project {
  Account *account;
  char *id, *name;
  GHashTable *quota; /* "volumes", "gigabytes", "gigabytes_SSD" ... -> gint64* ; absent or -1: unlimited */
};

struct Account {
  char *name, *domain_id;
  GPtrArray *projects; /* of Project* */
  GPtrArray *users;    /* of User* */
  GPtrArray *agencies; /* of Agency* */
};

typedef struct {
  char *name;
  char **types, **sold_out;
} Zone;

typedef enum { SIM_BUS_VIRTIO, SIM_BUS_SCSI } SimBus;

/* An ECS server. Its dev/ and sys/ trees are device.c's. */
struct Server {
  char *id, *name;
  Project *project;
  char *zone;
  SimBus bus;                 /* of its data disks, unless the disk says hw:passthrough */
  int slots;                  /* how many disks it takes, the system disk included (cloud-facts: 24 VBD) */
  char *agency;               /* whose credentials its metadata service gives; NULL: none */
  char *status;               /* "ACTIVE", "SHUTOFF" ... */
  gint64 created_us;          /* wall */
  struct DeviceTree *devices; /* device.h; NULL until device_server_start() */
  guint number;               /* order of appearance: accounts.json first */
};

/* ---- disks.h ---- */

typedef struct {
  char *attachment_id, *server_id, *device; /* device: the console's name, "/dev/vdb" */
  gint64 attached_us;                       /* cloud wall clock */
} Attachment;

struct Disk {
  char *id;
  Project *project;
  char *name, *description; /* never NULL */
  const char *status;       /* interned: DISK_* of disks.h */
  char *zone, *type;
  gint64 size_gib;
  gboolean multiattach, bootable;
  gboolean readonly; /* servers see it so from the next attach on */
  char *wwn;         /* 32 hex digits, NAA 6 */
  char *enterprise_project_id;
  char *snapshot_id;             /* what it was made of; "" if nothing */
  json_t *image;                 /* volume_image_metadata: an object of texts, empty if it was made of none */
  const char *lock;              /* interned DISK_LOCK_* of disks.h; "" if none */
  const char *service_type;      /* interned: "EVS", or what /_sim made of it: "DSS", "DESS" */
  guint marks;                   /* set of DISK_MARK_* of disks.h */
  gint64 iops, throughput;       /* 0: none */
  json_t *metadata;              /* object of strings */
  json_t *tags;                  /* object of strings */
  GPtrArray *attachments;        /* of Attachment*; owned */
  gint64 created_us, updated_us; /* cloud wall clock */
  gint64 visible_us;             /* virtual clock: before it GET says EVS.5404 (still being created) */
  gint64 born_us;                /* virtual clock: when it was created */
  gint64 binned_us,
    purge_us;     /* virtual clock: when it went to the recycle bin (0: it is not there), and leaves it */
  guint64 serial; /* order of creation */
  json_t *record; /* as last written to the journal */
};

/* ---- Request and reply ---- */

/* Who calls. Strings and pointers live as long as the Sim. */
typedef struct {
  Account *account;
  const char *name;           /* user or agency: the key of rate limits */
  const char *const *actions; /* what it may do */
  Project *project;           /* the token's scope, or NULL (AK/SK, domain scope) */
} Principal;

typedef enum {
  ROUTE_AUTH = 0,    /* token or signature needed */
  ROUTE_NO_AUTH = 1, /* versions, POST auth/tokens, metadata service, /_sim */
} RouteAuth;

typedef void (*RouteHandler)(Request *request);

/* One operation. Tables of these are static and given to router_add(). */
typedef struct {
  /* "6.1.1", "v3.7.1.8", "ecs.attach": the names of faults and stats. Several, separated by blanks, where the
   * reference has one and the same call twice: "5.1 7.7.2". */
  const char *op;
  SimService service;
  const char *method; /* "GET" */
  /* Segments split by '/', "{name}" takes any one segment (also an empty one): "/v2/{project_id}/cloudvolumes/{volume_id}".
   * Without the /evs, /ecs, /iam, /meta prefix. A literal segment wins over a "{name}". Operations that share method
   * and path are told apart by what follows a '#': "...#os-extend" is for a body whose only top-level key this is,
   * "...#action=create" for one that has this text there; a route without '#' takes what the others do not. */
  const char *path;
  const char *action; /* IAM actions needed, parted by blanks, or NULL */
  RouteAuth auth;
  RouteHandler handle;
} Route;

struct Request {
  Sim *sim;
  const Route *route;
  const char *method;
  const char *raw_path;  /* as sent, prefix included, without the query: what was signed */
  const char *raw_query; /* as sent, without '?'; "" if none */
  const char *host;      /* Host header as sent; "" if none */
  const guint8 *body;
  gsize body_bytes;
  Principal principal;      /* set by iam_authenticate(); zero for ROUTE_NO_AUTH */
  Project *project;         /* of {project_id}, checked against the principal; NULL if the path has none */
  char *request_id;         /* sent back as X-Request-Id */
  struct RequestPrivate *p; /* router.c */
};

/* First value of a request header (any case), or NULL. */
const char *request_header(const Request *request, const char *name);
/* Calls visit for each header in the order sent. */
void request_headers_visit(const Request *request,
                           void (*visit)(const char *name, const char *value, void *argument),
                           void *argument);
/* Decoded {name} of the path; "" if the route has none of this name. */
const char *request_path(const Request *request, const char *name);
/* Decoded query parameter (its first value), or NULL. */
const char *request_query(const Request *request, const char *name);
/* All its values (id=a&id=b), in the order sent; empty if there is none. The caller frees (g_ptr_array_unref). */
GPtrArray *request_query_all(const Request *request, const char *name);
/* The body as a JSON object, parsed once; NULL if it is none. Borrowed. */
json_t *request_json(Request *request);

/* Answers; exactly one call per request. They take over body. */
void reply_json(Request *request, int status, json_t *body);
void reply_empty(Request *request, int status);
/* text/plain, as it stands. */
void reply_text(Request *request, int status, const char *text);
/* Extra header of the answer; before reply_*(). */
void reply_header(Request *request, const char *name, const char *value);
/* The error shape of the route's service: EVS and ECS {"error":{"code","message"}}, IAM
 * {"error":{"code":<status>,"message","title","error_code"?}}, metadata and /_sim {"error":{"code","message"}}. */
void reply_error(Request *request, int status, const char *code, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* {"error_msg","error_code","request_id"}: the gateway's shape (APIGW.*). */
void reply_gateway(Request *request, int status, const char *code, const char *format, ...)
  G_GNUC_PRINTF(4, 5);
/* {"<cinder_name>":{"message","code":<status>}}: native Nova and Cinder ("itemNotFound"). */
void reply_cinder(Request *request, int status, const char *name, const char *format, ...)
  G_GNUC_PRINTF(4, 5);

/* The caller may do all of these actions (parted by blanks); else answers 403 and returns FALSE. For what a route's own
 * action does not say: what is needed depends on the body. */
gboolean request_permitted(Request *request, const char *actions);
/* The route is the /v3 twin of another. */
gboolean request_is_v3(const Request *request);

/* router.c. The routes' texts are copied. */
void router_add(Sim *sim, const Route *routes, gsize count);
/* Paths under /v2: each also as its /v3 twin, whose op is "v3." + op. */
void router_add_twins(Sim *sim, const Route *routes, gsize count);

/* ---- jobs.h ---- */

typedef enum { JOB_INIT, JOB_RUNNING, JOB_SUCCESS, JOB_FAIL } JobStatus;

/* What a kind of job does. Static; registered before the state is read. */
typedef struct {
  const char *type;   /* "createVolume", "attachVolume": the key in the profile's "jobs" too */
  SimService service; /* whose /v1/{project_id}/jobs/{id} shows it */
  const char *oracle; /* its name in oracle_ms: "create", "delete", "attach", "detach" */
  const char *timing; /* the profile's key if it is not `type`; NULL: type */
  /* Jobs of one server run one after another, in the order of their start: a waiting one reads INIT, and its time
   * begins when the one before it has ended (also one that a fault keeps stuck). */
  gboolean serial_per_server;
  /* The time is up: makes the effect, or with `failed` what a failure leaves behind (the job then ends as FAIL with
   * its error_code; without one, EVS.2002 / Ecs.0000). May itself call job_fail(). Disk or server may have gone. */
  void (*finish)(Sim *sim, Job *job, gboolean failed);
  /* What the job shows as "entities", if volume_id, server_id and job->entities are not all; NULL: they are. */
  json_t *(*entities)(Sim *sim, const Job *job);
} JobType;

struct Job {
  char *id;
  const JobType *type;
  Project *project;
  char *volume_id, *server_id; /* "" if none */
  json_t *entities;            /* object: what the job shows as its entities besides the ids; may be NULL */
  char *note;                  /* free for the job's type (e.g. the attachment id), persisted; may be NULL */
  JobStatus status;            /* as clients see it */
  char *error_code, *fail_reason; /* NULL unless FAIL */
  gint64 begin_us, end_us;        /* real wall clock; end_us 0 until ended */
};

void job_type_register(Sim *sim, const JobType *type);
/* Starts a job for this request (whose matched job fault it takes along) and writes it to the journal. volume_id,
 * server_id: may be NULL. type is the registered name. Borrowed; valid until the next return to the loop. */
Job *job_start(Request *request, const char *type, const char *volume_id, const char *server_id);
/* Only within finish(): the job ends as FAIL. */
void job_fail(Job *job, const char *code, const char *reason);
/* After note or entities were set on a job just started. */
void job_changed(Sim *sim, Job *job);
/* The job with this id of this service and project, or NULL. */
Job *job_find(Sim *sim, SimService service, const Project *project, const char *id);
/* The handler of GET /v1/{project_id}/jobs/{job_id} for either service (ecs.job and 6.4.1). */
void job_handle_get(Request *request);

/* ---- state.h: the journal. Records are JSON objects under (kind, id) ---- */

typedef void (*StateLoad)(Sim *sim, const char *id, json_t *record);
/* Before state_open(). At start, kinds are loaded in the order of registration. */
void state_register(Sim *sim, const char *kind, StateLoad load);
/* Writes (replaces) a record; takes over it. On disk before it returns (survives SIGKILL; not a power cut). */
void state_put(Sim *sim, const char *kind, const char *id, json_t *record);
void state_remove(Sim *sim, const char *kind, const char *id);

/* ---- The whole ---- */

struct Sim {
  struct event_base *events;
  char *state_dir; /* absolute */
  char *base_url;  /* "http://127.0.0.1:8470", without a slash at the end */
  char *cloud, *region;
  gint64 seed;
  GPtrArray *zones;             /* of Zone* */
  GPtrArray *accounts;          /* of Account* */
  GHashTable *servers;          /* id -> Server* */
  GHashTable *disks;            /* id -> Disk* */
  GHashTable *snapshots;        /* id -> Snapshot* (snapshots.h) */
  GHashTable *transfers;        /* id -> Transfer* (transfers.h) */
  GHashTable *images;           /* id -> Image* (images.h) */
  GHashTable *recycle_policies; /* recycle.c: project id -> its policy */
  GHashTable *standings;        /* standing.c: account name -> its standing */
  GHashTable *backups;          /* id -> Backup* (backups.h) */
  struct Profile *profile;
  struct Router *router;
  struct Jobs *jobs;
  struct State *state;
  struct Faults *faults;
  struct Stats *stats;
  struct Metadata *metadata; /* metadata.c */
  struct Ecs *ecs;           /* ecs.c: attaches under way */
  struct ClientTokens *client_tokens;
  struct History *history; /* history.c: what disks and snapshots were like a while ago */
  struct Iam *iam;         /* iam.c: issued tokens and temporary keys */
  double speed;            /* of the virtual clock */
  gint64 virtual_base_us,
    virtual_since_us; /* virtual time at a monotonic instant: when the speed was last set */
  gint64 skew_us;
  guint64 next_serial;
};

/* An empty cloud. state_dir must exist. */
Sim *sim_new(const char *state_dir, gint64 seed);
/* Frees what accounts_load() and the parts put in; all *_stop() functions were called before. */
void sim_free(Sim *sim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sim, sim_free)

/* Sets the clock (journalled): speed 0.001 .. 100,000; the jobs under way are re-timed by jobs_retime(). */
void sim_set_clock(Sim *sim, double speed, gint64 skew_us);

/* The cloud's wall clock (Date headers, created_at, the 15 minutes of X-Sdk-Date): real + skew. */
gint64 sim_cloud_us(const Sim *sim);
/* Microseconds of a clock that runs at the set speed and goes on over restarts: for lifetimes (24 h of a token). */
gint64 sim_virtual_us(const Sim *sim);
/* The cloud wall time at which a virtual instant will come if the speed stays: for expires_at texts. */
gint64 sim_cloud_of_virtual(const Sim *sim, gint64 virtual_us);

/* The values of a table, for sorting: unowned. */
GPtrArray *sim_values(GHashTable *table);

Account *sim_account(const Sim *sim, const char *name);
Account *sim_account_by_domain(const Sim *sim, const char *domain_id);
Project *sim_project(const Sim *sim, const char *id);
Project *account_project(const Account *account, const char *name_or_id);
Agency *account_agency(const Account *account, const char *name);
Server *sim_server(const Sim *sim, const char *id);
Disk *sim_disk(const Sim *sim, const char *id); /* whatever its status or visibility */
Snapshot *sim_snapshot(const Sim *sim, const char *id);
const Zone *sim_zone(const Sim *sim, const char *name);

/* accounts.c: a further server (POST /_sim/servers). NULL with error for a bad field. */
Server *sim_server_add(Sim *sim, Project *project, const char *name, const char *zone, SimBus bus, int slots,
                       const char *agency, const char *id, GError **error);
/* After status changed: journal. */
void server_changed(Sim *sim, Server *server);

/* disks.c */
Attachment *attachment_new(const char *server_id, const char *device, gint64 attached_us);
/* Adds to or takes from disk->attachments; the caller sets the status and calls disk_changed(). */
Attachment *disk_attachment(const Disk *disk, const char *server_id);
void disk_attachment_remove(Disk *disk, const char *server_id);
/* status: one of DISK_* in disks.h. */
void disk_set_status(Disk *disk, const char *status);
void disk_changed(Sim *sim, Disk *disk);
/* "DIR/disks/<id>.img"; newly allocated. */
char *disk_file(const Sim *sim, const Disk *disk);
/* metadata hw:passthrough is "true": SCSI in any server. */
gboolean disk_is_scsi(const Disk *disk);
