# weir_add_adapter(NAME name SOURCES file... [PACKAGE module] [LIBRARY target FLAG flag]
#                  [DESCRIPTION text])
#
# Defines the targets of one adapter, and what is installed of it. PACKAGE is the pkg-config
# module it stands on; if that is missing, nothing is defined and the summary says so. LIBRARY is
# one more, which pkg-config does not know, found by the caller; FLAG is what links it (-lname).
# For `cmake --install` it relies on the variables of lib/cmake/install.cmake.
function(weir_add_adapter)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;PACKAGE;LIBRARY;FLAG;DESCRIPTION" "SOURCES")
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR
      "An adapter needs NAME and SOURCES; not understood: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(name "${arg_NAME}")
  set(private weir_build_flags)
  set(found "")

  if(arg_PACKAGE)
    pkg_check_modules(weir_${name}_needs QUIET IMPORTED_TARGET "${arg_PACKAGE}")
    if(NOT weir_${name}_needs_FOUND)
      message(STATUS "adapter ${name}: not built: ${arg_PACKAGE} is missing")
      return()
    endif()
    string(REGEX REPLACE "[<>=].*" "" module "${arg_PACKAGE}")
    set(found " with ${module} ${weir_${name}_needs_VERSION}")
    set(package_target PkgConfig::weir_${name}_needs)
  endif()
  list(APPEND package_target ${arg_LIBRARY})
  message(STATUS "adapter ${name}: built${found}")

  add_library(weir_${name}_objects OBJECT ${arg_SOURCES})
  target_include_directories(weir_${name}_objects PRIVATE
    "${PROJECT_SOURCE_DIR}/lib/include" "${PROJECT_SOURCE_DIR}/lib/adapters/include")
  target_link_libraries(weir_${name}_objects PRIVATE
    Threads::Threads ${package_target} weir_build_flags)
  set_target_properties(weir_${name}_objects PROPERTIES
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON)

  foreach(kind shared static)
    string(TOUPPER ${kind} KIND)
    set(target weir_${name}_${kind})
    add_library(${target} ${KIND} $<TARGET_OBJECTS:weir_${name}_objects>)
    target_include_directories(${target} PUBLIC
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib/adapters/include>
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PUBLIC weir_${kind} PRIVATE ${package_target})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME weir-${name})
  endforeach()
  # libweir is beside it, wherever that is: a program that calls only the adapter finds both.
  set_target_properties(weir_${name}_shared PROPERTIES
    INSTALL_RPATH "$ORIGIN"
    VERSION ${PROJECT_VERSION} SOVERSION 0 EXPORT_NAME ${name})
  add_library(weir::${name} ALIAS weir_${name}_static)

  weir__install_adapter(${name} "${module}" "${arg_FLAG}" "${arg_DESCRIPTION}")
endfunction()

# The CMake package has the shared library; the archive is for pkg-config --static.
function(weir__install_adapter name module flag description)
  install(FILES "${PROJECT_SOURCE_DIR}/lib/adapters/include/weir/${name}.h"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir"
    COMPONENT development)
  install(TARGETS weir_${name}_shared EXPORT weir-${name}
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
      COMPONENT runtime NAMELINK_COMPONENT development
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT weir-${name} NAMESPACE weir::
    DESTINATION "${package_dir}" COMPONENT development)
  install(TARGETS weir_${name}_static
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)

  set(adapter_name ${name})
  set(adapter_module "${module}")
  set(adapter_flag "${flag}")
  set(adapter_description "${description}")
  configure_file("${PROJECT_SOURCE_DIR}/lib/adapters/cmake/adapter.pc.in" weir-${name}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/weir-${name}.pc"
    DESTINATION "${pkgconfig_dir}"
    COMPONENT development)
endfunction()
