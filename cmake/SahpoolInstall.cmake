# What cmake --install installs: headers, the library, and what find_package(sahpool) reads.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sahpool)
install(TARGETS sahpool EXPORT sahpoolTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/sahpool DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT sahpoolTargets NAMESPACE sahpool:: DESTINATION ${package_dir})
configure_package_config_file(cmake/sahpoolConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/sahpoolConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/sahpoolConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
# What find_package() says of a copy that is for other programs, before it looks for the next.
if(EMSCRIPTEN)
  set(others "NOT EMSCRIPTEN")
  set(made_for "for Emscripten and wasm32 alone, without -sMEMORY64")
else()
  set(others EMSCRIPTEN)
  set(made_for "for native programs with ${CMAKE_SIZEOF_VOID_P}-byte pointers")
endif()
file(APPEND ${CMAKE_CURRENT_BINARY_DIR}/sahpoolConfigVersion.cmake "
if(${others} OR PACKAGE_VERSION_UNSUITABLE)
  set(PACKAGE_VERSION \"${PROJECT_VERSION}, ${made_for}\")
  set(PACKAGE_VERSION_UNSUITABLE TRUE)
endif()
")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sahpoolConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/sahpoolConfigVersion.cmake
        DESTINATION ${package_dir})
