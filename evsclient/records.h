/* The field tables of all queries, requests and replies, for the rows of operations.c. Inside of the library and of
 * evsctl; programs use the structs of the public headers. Sorted by section of the reference. */
#pragma once

#include "evsclient/record.h"

extern const EvsRecord evs_record_link; /* EvsLink */

extern const EvsRecord evs_record_version; /* 5.1, 5.2, 7.7: EvsVersion */

extern const EvsRecord evs_record_tag;        /* EvsTag */
extern const EvsRecord evs_record_tag_add;    /* 6.3.1 */
extern const EvsRecord evs_record_tag_remove; /* 6.3.2 */
extern const EvsRecord evs_record_tag_index;  /* 6.3.3 */
extern const EvsRecord evs_record_disk_tags;  /* 6.3.4: EvsDiskTags */

extern const EvsRecord evs_record_disk_type; /* 7.1.4, 7.1.5: EvsDiskType */
extern const EvsRecord evs_record_extension; /* 7.1.9: EvsExtension */

extern const EvsRecord evs_record_quota_query; /* 7.3.1 */
extern const EvsRecord evs_record_quota;       /* EvsQuota */

extern const EvsRecord evs_record_transfer_create; /* 7.4.1: EvsTransferCreate */
extern const EvsRecord evs_record_transfer_accept; /* 7.4.2 */
extern const EvsRecord evs_record_transfer_filter; /* 7.4.5, 7.4.6: EvsTransferFilter */
extern const EvsRecord evs_record_transfer;        /* 7.4: EvsTransfer */

extern const EvsRecord evs_record_metadata_pairs; /* 7.5.1, 7.5.4, 7.6.1, 7.6.4 */
extern const EvsRecord evs_record_metadata_pair;  /* 7.5.3, 7.6.3 */
extern const EvsRecord evs_record_metadata;       /* all answers of 7.5, 7.6 */

extern const EvsRecord evs_record_zone; /* 7.8.1: EvsZone */

extern const EvsRecord evs_record_project_filter; /* iam.projects */
extern const EvsRecord evs_record_project;        /* EvsProject */
