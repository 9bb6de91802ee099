/* CreateVolume: exactly one disk per volume name, whatever dies or gets lost on the way (ARCHITECTURE.md tells the
 * whole way).
 *
 * Steps
 * 1. Look for a disk of this name and owner. Compatible: it is the volume (awaited while it is being created). Else
 *    ALREADY_EXISTS. This look also guards clouds that ignore the client token in silence.
 * 2. POST with the token of the current attempt (client_token.h, attempts.h). EVS answers a token that it knows with
 *    the disk of the first request, so a repeat after any crash gets the same disk.
 * 3. Wait for the job; the disk must be what was asked for.
 *
 * The attempt advances only on proof that its token is spent, each time after another look by name and owner:
 *   its job ended with FAIL; its job ended with SUCCESS over SPENT_AFTER_MS ago and neither GET nor any list has the
 *   disk; EVS.2220 (token too old); EVS.2219 (token of another request) for CONFLICT_MS with no such disk;
 *   this process has seen the deletion of its disk end well, and GET says EVS.5404.
 * The wait of SPENT_AFTER_MS guards against a new disk that is not visible yet. A disk whose deletion this process has
 * followed to its end (deleted_disks.h) was visible and is gone for good, so there is nothing to wait for. That the token
 * gave this very disk is known because the cloud answered the token with its id: in the POST just sent, or in an earlier
 * one of this process, which is remembered with its attempt; then that POST, which could only give the same answer, is
 * not sent. Other controllers lose nothing: tokens up to the spent one can give them no disk any more, they wait for
 * their own proof and look by name meanwhile, where they find the new disk; or they advance to the same next token, which
 * EVS answers with the same disk. (A disk that a person brings back from the recycle bin is found by name; if a new one
 * exists by then, there are two, by that person's hand.)
 * A POST whose answer was lost is followed by looks for LOST_ANSWER_MS (lists lag) before the next POST.
 *
 * Create deletes nothing but the remnant of a failed job whose id came from this flight's own POST: it has never left
 * the process. Anything still running at the end of the budget is ABORTED.
 *
 * The handler itself is declared in controller.h. */
#pragma once

enum {
  CREATE_ATTEMPTS_MAX = 8,       /* tokens tried by one call */
  CREATE_POSTS_MAX = 64,         /* POSTs sent by one call, whatever they answer */
  CREATE_LOST_ANSWER_MS = 30000, /* how long a list may lag behind a POST */
  CREATE_CONFLICT_MS = 60000,    /* EVS.2219 without a disk: then the token is spent */
  CREATE_SPENT_AFTER_MS = 60000, /* a finished job whose disk is gone: then the token is spent */
  CREATE_LISTED_MS = 10000,      /* without tokens: until the own disk is listed */
  CREATE_SLICE_MS = 15000,       /* a wait longer than this is looked into */
};
