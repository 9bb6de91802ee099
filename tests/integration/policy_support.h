/* The policies of deploy/, and users of the simulator that lack one of their actions each. */
#pragma once

#include <glib.h>

/* The actions of deploy/<name>, each spelled out; free with g_strfreev. Fails the test when the file is not of that form. */
char **policy_read(const char *name);

/* Users u0, u1, ... as the value of "users" in an accounts file, with the key pair AK<n>, SK: user i has all of `always` (may be
 * NULL) and of `actions` but actions[i]; the user after the last action has all. Newly allocated. */
char *policy_users(char **always, char **actions);
