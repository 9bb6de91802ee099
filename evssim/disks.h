/* EVS disks: the model and its file. The statuses are those of the reference's A.3. */
#pragma once

#include "evssim/sim.h"

#define DISK_CREATING "creating"
#define DISK_AVAILABLE "available"
#define DISK_ATTACHING "attaching"
#define DISK_DETACHING "detaching"
#define DISK_IN_USE "in-use"
#define DISK_DELETING "deleting"
#define DISK_ERROR "error"
#define DISK_ERROR_DELETING "error_deleting"
#define DISK_ERROR_DETACHING "error_detaching"
#define DISK_EXTENDING "extending"
#define DISK_ERROR_EXTENDING "error_extending"
#define DISK_ERROR_RESTORING "error_restoring"
#define DISK_ERROR_ROLLBACKING "error_rollbacking"
