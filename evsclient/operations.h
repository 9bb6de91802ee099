/* Every operation of the EVS API as one table: id in the reference, how it is sent, what it takes and answers, how its end
 * is seen, and whether it may be sent again. The typed calls, evsctl's commands and the metrics' labels follow from it:
 * a new operation is a row here and, if its shapes are new, a record (evsclient/record.h).
 *
 * Implements evs-facts.md 3 (the index), cloud-facts.md F (newer calls) and A, B (ECS, IAM).
 */
#pragma once

#include "evsclient/job.h"
#include "evsclient/record.h"

typedef enum {
  EVS_REPEAT_SAFE,  /* reads, deletes, detaches: doing it twice is doing it once */
  EVS_REPEAT_NEVER, /* not when it may have been taken; goes out on a connection of its own */
} EvsRepeat;

typedef enum {
  EVS_REPLY_NONE, /* no body, or none that matters */
  EVS_REPLY_ONE,  /* a record, below root */
  EVS_REPLY_LIST, /* an array of records, below root */
} EvsReplyShape;

typedef enum { EVS_PAGING_NONE, EVS_PAGING_MARKER, EVS_PAGING_OFFSET } EvsPaging;

/* How the end of what was taken is seen. */
typedef enum { EVS_END_NOW, EVS_END_JOB, EVS_END_ECS_JOB, EVS_END_DISK, EVS_END_SNAPSHOT } EvsEnd;

typedef struct {
  const char *id;   /* of the reference: the name of its gate */
  const char *what; /* "create disk": for error texts and the label of metrics */
  EvsService service;
  const char *method;
  const char *path; /* {project} is filled in; the other names in braces are the call's id, then second_id */
  int status;       /* on success by the reference; any 2xx is taken, and 300 where it is due */
  const EvsRecord *query;   /* NULL: takes none */
  const EvsRecord *request; /* the body; NULL: none */
  EvsReplyShape shape;
  const char *root; /* member that holds the reply (a path as in EvsField.name); NULL: the whole answer */
  const EvsRecord *reply; /* of the reply, or of a list's items */
  EvsPaging paging;
  EvsEnd end;
  EvsRepeat repeat;
  gboolean deprecated; /* by the reference: kept for old programs */
  const char *audited; /* what the call destroys or cuts off ("disk"): one log line per call; NULL: nothing */
  const char *due;     /* member that the answer must have (a path as in EvsField.name), or NULL */
  /* A full quota is FAILED_PRECONDITION with this remedy; NULL: RESOURCE_EXHAUSTED. For calls whose CSI caller takes
   * RESOURCE_EXHAUSTED as "still being made" for ever. */
  const char *final_quota_remedy;
} EvsOperation;

typedef enum {
  EVS_OP_VERSION_LIST,               /* 5.1 */
  EVS_OP_VERSION_GET,                /* 5.2 */
  EVS_OP_DISK_CREATE,                /* 6.1.1 */
  EVS_OP_DISK_UPDATE,                /* 6.1.2 */
  EVS_OP_DISK_LIST,                  /* 6.1.3 */
  EVS_OP_DISK_GET,                   /* 6.1.4 */
  EVS_OP_DISK_EXTEND,                /* 6.1.5 */
  EVS_OP_DISK_DELETE,                /* 6.1.6 */
  EVS_OP_DISK_CREATE_V2,             /* 6.1.7 */
  EVS_OP_DISK_LIST_SHORT,            /* 6.1.8 */
  EVS_OP_DISK_EXTEND_V2,             /* 6.1.9 */
  EVS_OP_DISK_UNSUBSCRIBE,           /* 6.1.10 */
  EVS_OP_VENDOR_DISK_LIST,           /* 6.1.11 */
  EVS_OP_VENDOR_DISK_GET,            /* 6.1.12 */
  EVS_OP_DISK_QOS,                   /* 6.1.13 */
  EVS_OP_SNAPSHOT_CREATE,            /* 6.2.1 */
  EVS_OP_SNAPSHOT_DELETE,            /* 6.2.2 */
  EVS_OP_SNAPSHOT_UPDATE,            /* 6.2.3 */
  EVS_OP_SNAPSHOT_LIST,              /* 6.2.4 */
  EVS_OP_SNAPSHOT_GET,               /* 6.2.5 */
  EVS_OP_SNAPSHOT_ROLLBACK,          /* 6.2.6 */
  EVS_OP_VENDOR_SNAPSHOT_ROLLBACK,   /* 6.2.7 */
  EVS_OP_TAG_ADD,                    /* 6.3.1 */
  EVS_OP_TAG_REMOVE,                 /* 6.3.2 */
  EVS_OP_TAG_LIST,                   /* 6.3.3 */
  EVS_OP_TAG_GET,                    /* 6.3.4 */
  EVS_OP_TAG_FIND,                   /* 6.3.5 */
  EVS_OP_JOB_GET,                    /* 6.4.1 */
  EVS_OP_CINDER_VOLUME_CREATE,       /* 7.1.1 */
  EVS_OP_CINDER_VOLUME_DELETE,       /* 7.1.2 */
  EVS_OP_CINDER_VOLUME_UPDATE,       /* 7.1.3 */
  EVS_OP_TYPE_LIST,                  /* 7.1.4 */
  EVS_OP_TYPE_GET,                   /* 7.1.5 */
  EVS_OP_CINDER_VOLUME_LIST_SHORT,   /* 7.1.6 */
  EVS_OP_CINDER_VOLUME_GET,          /* 7.1.7 */
  EVS_OP_CINDER_VOLUME_LIST,         /* 7.1.8 */
  EVS_OP_EXTENSION_LIST,             /* 7.1.9 */
  EVS_OP_CINDER_VOLUME_EXTEND,       /* 7.1.10 */
  EVS_OP_CINDER_VOLUME_SET_BOOTABLE, /* 7.1.11 */
  EVS_OP_CINDER_VOLUME_SET_READONLY, /* 7.1.12 */
  EVS_OP_CINDER_VOLUME_EXPORT_IMAGE, /* 7.1.13 */
  EVS_OP_CINDER_VOLUME_ATTACH,       /* 7.1.14 */
  EVS_OP_CINDER_VOLUME_DETACH,       /* 7.1.15 */
  EVS_OP_CINDER_VOLUME_RESERVE,      /* 7.1.16 */
  EVS_OP_CINDER_VOLUME_UNRESERVE,    /* 7.1.17 */
  EVS_OP_CINDER_SNAPSHOT_CREATE,     /* 7.2.1 */
  EVS_OP_CINDER_SNAPSHOT_DELETE,     /* 7.2.2 */
  EVS_OP_CINDER_SNAPSHOT_UPDATE,     /* 7.2.3 */
  EVS_OP_CINDER_SNAPSHOT_LIST_SHORT, /* 7.2.4 */
  EVS_OP_CINDER_SNAPSHOT_LIST,       /* 7.2.5 */
  EVS_OP_CINDER_SNAPSHOT_GET,        /* 7.2.6 */
  EVS_OP_QUOTA_GET,                  /* 7.3.1 */
  EVS_OP_TRANSFER_CREATE,            /* 7.4.1 */
  EVS_OP_TRANSFER_ACCEPT,            /* 7.4.2 */
  EVS_OP_TRANSFER_DELETE,            /* 7.4.3 */
  EVS_OP_TRANSFER_GET,               /* 7.4.4 */
  EVS_OP_TRANSFER_LIST_SHORT,        /* 7.4.5 */
  EVS_OP_TRANSFER_LIST,              /* 7.4.6 */
  EVS_OP_DISK_METADATA_ADD,          /* 7.5.1 */
  EVS_OP_DISK_METADATA_GET,          /* 7.5.2 */
  EVS_OP_DISK_METADATA_SET,          /* 7.5.3 */
  EVS_OP_DISK_METADATA_UPDATE,       /* 7.5.4 */
  EVS_OP_DISK_METADATA_LIST,         /* 7.5.5 */
  EVS_OP_DISK_METADATA_REMOVE,       /* 7.5.6 */
  EVS_OP_DISK_METADATA_LIST_V3,      /* 7.5.7 */
  EVS_OP_SNAPSHOT_METADATA_ADD,      /* 7.6.1 */
  EVS_OP_SNAPSHOT_METADATA_LIST,     /* 7.6.2 */
  EVS_OP_SNAPSHOT_METADATA_SET,      /* 7.6.3 */
  EVS_OP_SNAPSHOT_METADATA_UPDATE,   /* 7.6.4 */
  EVS_OP_SNAPSHOT_METADATA_GET,      /* 7.6.5 */
  EVS_OP_SNAPSHOT_METADATA_REMOVE,   /* 7.6.6 */
  EVS_OP_CINDER_VERSION_GET,         /* 7.7.1 */
  EVS_OP_CINDER_VERSION_LIST,        /* 7.7.2 */
  EVS_OP_ZONE_LIST,                  /* 7.8.1 */
  EVS_OP_DISK_RETYPE,                /* retype */
  EVS_OP_DISK_EXTEND_BATCH,          /* batch.extend */
  EVS_OP_RECYCLE_LIST,               /* recycle.list */
  EVS_OP_RECYCLE_GET,                /* recycle.get */
  EVS_OP_RECYCLE_DELETE,             /* recycle.delete */
  EVS_OP_RECYCLE_REVERT,             /* recycle.revert */
  EVS_OP_RECYCLE_POLICY,             /* recycle.policy */
  EVS_OP_RECYCLE_POLICY_SET,         /* recycle.policy.set */
  EVS_OP_SERVER_GET,                 /* ecs.server */
  EVS_OP_SERVER_ATTACH,              /* ecs.attach */
  EVS_OP_SERVER_DETACH,              /* ecs.detach */
  EVS_OP_SERVER_DISKS,               /* ecs.block_devices */
  EVS_OP_SERVER_JOB_GET,             /* ecs.job */
  EVS_OP_PROJECT_LIST,               /* iam.projects */
  EVS_OP_COUNT
} EvsOp;

extern const EvsOperation evs_operations[EVS_OP_COUNT];

/* By the reference's id ("6.1.1"); NULL for none. */
const EvsOperation *evs_operation_find(const char *id);
