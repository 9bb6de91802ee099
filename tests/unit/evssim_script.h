/* Requests to the simulated cloud as text, so that a table can say how something is brought about and a test can do it.
 *
 * A script is steps parted by " ; ". Each is a request "METHOD PATH [BODY]" or one of the words below. The path begins
 * with the API's version (then it is EVS's), or with /ecs/, /iam/ or /_sim/; the body may have single quotes for double
 * ones. In both, {name} stands for:
 *
 *   {p} {beta}   the project of account alpha, of beta            {uuid}   an id that nothing has
 *   {disk}       an available disk of 10 GiB, SSD, in sim-1a; the same one all through the script
 *   {server}     server alpha-1                                   {good}   the start of a good "volume"
 *   {last:PATH}  a string of the last answer                      {xN}     N times the letter x
 *   {pairs}      metadata of more than a MiB
 *
 *   token TEXT, as USER    from here on this X-Auth-Token ("as nobody": none), that of this user
 *   client-token TEXT      from here on this X-Client-Token; "client-tokens refused": the cloud refuses all
 *   pass SECONDS           the virtual clock
 *   fault JSON             as POST /_sim/faults
 *   keep NAME PATH         {NAME} is {last:PATH} from here on
 *   attach                 {disk} is in-use by {server}
 *   wait STATUS            until {disk} has it
 *   snapshot               waits until the snapshot of the last answer is available
 *   job                    waits until the job of the last answer has ended: its error_code is the script's code
 *   hold                   the next request's answer does not leave before the script's end
 *   break disks|snapshots  the directory of their files is in the way of new ones
 *   Nx STEP                a request N times
 */
#pragma once

#include "tests/unit/evssim_cloud.h"

typedef struct {
  int status;  /* of the last request */
  char *code;  /* of the last request, or of the job it waited for; "" if none */
  char *op;    /* of the last request: the cloud's name for it; first of several */
  char *error; /* why the script cannot be carried out; NULL: it was */
} ScriptResult;

void script_result_clear(ScriptResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScriptResult, script_result_clear)

ScriptResult script_run(Cloud *cloud, const char *script);
