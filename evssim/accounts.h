/* accounts.json: region, zones, accounts with projects, users, agencies and servers (design section 6).
 *
 * Checked strictly: unknown keys, wrong types, duplicate names, AKs or ids, and references to a zone, project or
 * agency that is not there are INVALID_ARGUMENT naming the place. */
#pragma once

#include "evssim/sim.h"

/* Fills the sim's zones, accounts and servers. where: for errors, e.g. the file's name. */
gboolean accounts_load(Sim *sim, const json_t *document, const char *where, GError **error);

/* The document used without --accounts: one account "demo" with two zones, five servers (one of them SCSI) and keys
 * that follow from the seed. */
json_t *accounts_default(gint64 seed);

/* cloud-config (INI) for the first user with a key of the first account, with the /evs /ecs /iam endpoints of
 * base_url. ca_file: NULL for plain http. NULL if there is no such user. Newly allocated. */
char *accounts_cloud_config(const Sim *sim, const char *ca_file);
/* For a shell: the OS_* variables by which OpenStack clients act as the first user of the first account in its first
 * project. NULL if there is none. Newly allocated. */
char *accounts_openrc(const Sim *sim, const char *ca_file);

/* RFC 4122 version 5 UUID over (seed, name): lower case, newly allocated. */
char *accounts_uuid(gint64 seed, const char *name);

/* Journal kind "server": statuses, and the servers added by /_sim. */
void servers_register(Sim *sim);

void zone_free(Zone *zone);
void account_free(Account *account);
void server_free(Server *server);
