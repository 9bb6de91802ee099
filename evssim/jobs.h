/* The job engine (reference 6.4.1, cloud-facts A6): draws each job's duration from the profile, shows INIT for the
 * first tenth and RUNNING until the end, then lets the type's finish function make the effect. Jobs under way are in the
 * journal with their due time and go on after a restart; overdue ones end at once.
 *
 * A finished job can be asked for 24 h (virtual), of the newest 50,000. */
#pragma once

#include "evssim/faults.h"
#include "evssim/sim.h"

/* Takes up the loaded jobs that have not ended; after state_open(), when all models are there. */
void jobs_resume(Sim *sim);
/* After the speed of the virtual clock changed. */
void jobs_retime(Sim *sim);
/* Ends, soon, the jobs that this fault (NULL: any) keeps stuck. */
void jobs_unstick(Sim *sim, const char *fault_id);
/* Ends now, with this failure, the jobs about a disk that a fault keeps stuck. */
void jobs_break(Sim *sim, const char *volume_id, const char *code, const char *reason);
/* [{"job_id","type","volume_id","server_id","begin_ms","end_ms","status"}] in order of begin; type NULL: all. */
json_t *jobs_list(const Sim *sim, const char *type);
/* The virtual time at which the job will end. */
gint64 job_due_us(const Job *job);
/* "INIT", "RUNNING", "SUCCESS", "FAIL". Static. */
const char *job_status_name(JobStatus status);
