# evs_flags: what every target of the project compiles and links with.
option(EVS_HARDEN "hardening flags and full RELRO" OFF)
option(EVS_STATIC_NODE "link evs-csi-node statically but for libc" OFF)
option(EVS_FUZZ "build for libFuzzer (clang)" OFF)
set(EVS_SANITIZE "" CACHE STRING "argument of -fsanitize=, empty for none")

add_library(evs_flags INTERFACE)
target_compile_features(evs_flags INTERFACE c_std_11)
target_compile_options(evs_flags INTERFACE
  -std=gnu11 -fno-strict-aliasing -fvisibility=hidden
  -Wall -Wextra -Wshadow -Wformat=2 -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wundef -Werror)
target_compile_definitions(evs_flags INTERFACE
  _GNU_SOURCE G_LOG_DOMAIN="evs-csi" GLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74)
target_include_directories(evs_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
# Forbids strcpy, sprintf, fork and other calls that have a safe twin: base/banned.h says which.
target_compile_options(evs_flags INTERFACE -include ${CMAKE_SOURCE_DIR}/base/banned.h)

if(EVS_HARDEN)
  target_compile_options(evs_flags INTERFACE
    -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
    $<IF:$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>,-mbranch-protection=standard,-fcf-protection>)
  target_link_options(evs_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
endif()
if(EVS_SANITIZE)
  target_compile_options(evs_flags INTERFACE -fsanitize=${EVS_SANITIZE} -fno-omit-frame-pointer -O1)
  target_link_options(evs_flags INTERFACE -fsanitize=${EVS_SANITIZE})
  if(EVS_SANITIZE MATCHES undefined)
    target_compile_options(evs_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(EVS_FUZZ)
  target_compile_options(evs_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(evs_flags INTERFACE -Wl,--as-needed)
