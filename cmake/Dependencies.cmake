# The libraries of docs/dependencies.md, as imported targets PkgConfig::NAME.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0>=2.74)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(BLKID REQUIRED IMPORTED_TARGET blkid)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent)
pkg_check_modules(EVENT_OPENSSL REQUIRED IMPORTED_TARGET libevent_openssl)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
find_program(PROTOC_C protoc-c REQUIRED)
find_program(PROTOC protoc REQUIRED)

# Libraries that an executable takes as shared objects or, when its property EVS_STATIC is ON (evs-csi-node in the
# release build), from their archives: evs::glib, evs::protobuf_c, evs::event, evs::blkid, evs::grpc. Our own static
# libraries link these names; the property of the executable at the end of the chain decides.
#
#     set_target_properties(evs-csi-node PROPERTIES EVS_STATIC ${EVS_STATIC_NODE})
function(evs_library name)
  cmake_parse_arguments(PARSE_ARGV 1 lib "" "" "DYNAMIC;STATIC;INCLUDE;STATIC_OPTIONS")
  add_library(evs_lib_${name} INTERFACE)
  add_library(evs::${name} ALIAS evs_lib_${name})
  set(wants_static $<BOOL:$<TARGET_PROPERTY:EVS_STATIC>>)
  foreach(item ${lib_DYNAMIC})
    target_link_libraries(evs_lib_${name} INTERFACE $<$<NOT:${wants_static}>:${item}>)
  endforeach()
  foreach(item ${lib_STATIC})
    target_link_libraries(evs_lib_${name} INTERFACE $<${wants_static}:${item}>)
  endforeach()
  foreach(item ${lib_STATIC_OPTIONS})
    target_link_options(evs_lib_${name} INTERFACE $<${wants_static}:${item}>)
  endforeach()
  target_include_directories(evs_lib_${name} SYSTEM INTERFACE ${lib_INCLUDE})
  target_link_libraries(evs_lib_${name} INTERFACE Threads::Threads)
endfunction()

# A list of archives that refer to each other, as one linker argument: the linker goes round until all is resolved.
function(evs_archive_group out)
  list(TRANSFORM ARGN REPLACE "(.+)" "-l:lib\\1.a" OUTPUT_VARIABLE archives)
  list(JOIN archives "," joined)
  set(${out} "-Wl,--start-group,${joined},--end-group" PARENT_SCOPE)
endfunction()

evs_library(glib DYNAMIC ${GLIB_LINK_LIBRARIES} STATIC -l:libglib-2.0.a -l:libpcre2-8.a -lm INCLUDE ${GLIB_INCLUDE_DIRS})
evs_library(protobuf_c DYNAMIC ${PROTOBUF_C_LINK_LIBRARIES} STATIC -l:libprotobuf-c.a INCLUDE ${PROTOBUF_C_INCLUDE_DIRS})
evs_library(event DYNAMIC ${EVENT_LINK_LIBRARIES} STATIC -l:libevent.a INCLUDE ${EVENT_INCLUDE_DIRS})
evs_library(blkid DYNAMIC ${BLKID_LINK_LIBRARIES} STATIC -l:libblkid.a INCLUDE ${BLKID_INCLUDE_DIRS})

# pkg-config's list for a dynamic gRPC is much longer than what is needed: these two drag the rest in. Debian's list
# for a static one lacks upb, address_sorting, cares, z and the C++ runtime.
find_library(GRPC_LIBRARY grpc_unsecure REQUIRED)
cmake_path(GET GRPC_LIBRARY PARENT_PATH grpc_directory)
file(GLOB abseil RELATIVE ${grpc_directory} ${grpc_directory}/libabsl_*.a)
list(FILTER abseil EXCLUDE REGEX "_test|_flags_|failure_signal|leak_check|scoped_set_env|periodic_sampler")
list(TRANSFORM abseil REPLACE "^lib(.+)\\.a$" "\\1")
evs_archive_group(grpc_archives grpc_unsecure gpr upb address_sorting cares z ${abseil} stdc++)
# libm stands in the same argument: as one of its own CMake would put it before the archives that need it.
evs_library(grpc DYNAMIC -lgrpc_unsecure -lgpr -labsl_synchronization STATIC ${grpc_archives},-lm STATIC_OPTIONS -static-libgcc -Wl,--gc-sections)

# Abseil built without NDEBUG, as Debian's is, keeps a graph of the order of all locks, which costs a gRPC call a tenth of its
# time. A C++ function switches it off (rpc/grpc_library.c); its name holds the distribution's name space, so it is looked up.
set(EVS_LOCK_ORDER_CHECK "")
if(EXISTS ${grpc_directory}/libabsl_synchronization.a)
  file(STRINGS ${grpc_directory}/libabsl_synchronization.a evs_lock_order REGEX "SetMutexDeadlockDetectionMode")
  if("${evs_lock_order}" MATCHES "(_ZN4absl[0-9A-Za-z_]*SetMutexDeadlockDetectionModeE[0-9A-Za-z_]+)")
    set(EVS_LOCK_ORDER_CHECK ${CMAKE_MATCH_1})
  endif()
endif()
