# What `cmake --install` puts where, for the library: both libraries, the public headers, the
# CMake package "weir" and weir.pc. Included by lib/CMakeLists.txt after its two targets.
#
# The package calls the shared library weir::weir and the static one weir::static. They are
# two export sets because only the static one needs libmicrohttpd to be found.
# Nothing that is installed contains a path of the build: the prefix may be chosen at install
# time and the installed tree may be moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/weir")

# The installed headers are what is named here; a test compares them with the directory.
install(
  FILES
    include/weir/handover.h
    include/weir/interrupt.h
    include/weir/io.h
    include/weir/later.h
    include/weir/log.h
    include/weir/rehearse.h
    include/weir/report.h
    include/weir/queue.h
    include/weir/request.h
    include/weir/response.h
    include/weir/routes.h
    include/weir/server.h
    include/weir/stack.h
    include/weir/sync.h
    include/weir/systemd.h
    include/weir/task.h
    include/weir/time.h
    include/weir/tls.h
    include/weir/token.h
    include/weir/upgrade.h
    include/weir/visibility.h
    include/weir/weir.h
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir"
  COMPONENT development)

set_target_properties(weir_shared PROPERTIES EXPORT_NAME weir)
install(TARGETS weir_shared EXPORT weir-shared
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    COMPONENT runtime NAMELINK_COMPONENT development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT weir-shared NAMESPACE weir:: DESTINATION "${package_dir}" COMPONENT development)

set_target_properties(weir_static PROPERTIES EXPORT_NAME static)
install(TARGETS weir_static EXPORT weir-static
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT weir-static NAMESPACE weir:: DESTINATION "${package_dir}" COMPONENT development)

if(WEIR_TLS AND gnutls_FOUND)
  set(static_needs_gnutls TRUE)
else()
  set(static_needs_gnutls FALSE)
endif()
configure_package_config_file(cmake/weir-config.cmake.in weir-config.cmake
  INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break what came before it.
write_basic_package_version_file(weir-config-version.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES
    "${CMAKE_CURRENT_BINARY_DIR}/weir-config.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake"
  DESTINATION "${package_dir}"
  COMPONENT development)

# weir.pc says where it is relative to itself, unless a directory was given as absolute.
set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(pc_libdir "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH up "/${pkgconfig_dir}" "/")
  string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${up}")
  set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
if(WEIR_TLS AND gnutls_FOUND)
  set(pc_tls " gnutls")
endif()
configure_file(cmake/weir.pc.in weir.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/weir.pc"
  DESTINATION "${pkgconfig_dir}"
  COMPONENT development)
