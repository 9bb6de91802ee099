/* Calls that have a safe twin, forbidden in every file of the project (included by the compiler's command
 * line). The replacement stands beside each. Banned names are poisoned after the headers that declare them. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncat stpcpy /* g_strlcpy, GString */
#pragma GCC poison sprintf vsprintf             /* g_snprintf, g_strdup_printf */
#pragma GCC poison gets strtok                  /* g_strsplit */
#pragma GCC poison atoi atol atoll              /* text_parse_int64 */
#pragma GCC poison gmtime localtime ctime       /* clock.h */
#pragma GCC poison fork vfork system popen      /* posix_spawn: other threads hold locks */
