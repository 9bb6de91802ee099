/* CreateVolume by taking a disk over: parameter `transfer: "true"`, and in the call's secrets the handover that another
 * account has made (transfer/handover.h):
 *
 *   handover     the file's text
 *   passphrase   if it is encrypted
 *
 * Other keys of the secret are left alone.
 *
 * Steps: the handover is read and compared with the request (size, zone, type, volume mode, file system) before anything is
 * sent; the disk is looked for in the own project, by its id; if it is not there yet, the receiver's side is checked
 * (region, type, quota, expiry) and the transfer accepted; then the disk gets name, owner and source mark
 * (transfer/accept.h). Killed anywhere between, the next call goes on where the disk says. It is never blank, so the
 * node never formats it. Final errors are final for the provisioner: a quota that is too small is FAILED_PRECONDITION,
 * because no other node could help. Only the zone is RESOURCE_EXHAUSTED, which makes the scheduler choose again. */
#pragma once

#include "controller/creation.h"
#include "transfer/handover.h"

/* STEP_DONE: creation->disk is the volume. Never STEP_AGAIN. */
Step take_over(Creation *creation, const Csi__V1__CreateVolumeRequest *message, GError **error);

/* Is the disk that the handover describes what the request asks for? OUT_OF_RANGE with both sizes, RESOURCE_EXHAUSTED for
 * the zone, INVALID_ARGUMENT for all else. No calls. */
gboolean take_over_check(const CreateRequest *request, const Csi__V1__CreateVolumeRequest *message,
                         const Handover *handover, GError **error);
