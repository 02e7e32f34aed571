# Sets SAHPOOL_CORE_SOURCES: what every build of the core has, natively, for Emscripten and as a side
# module.
cmake_path(SET sources_dir NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../src)
foreach(folder format slot file pool transfer vfs)
  list(APPEND core_globs ${sources_dir}/${folder}/*.cc)
endforeach()
file(GLOB SAHPOOL_CORE_SOURCES CONFIGURE_DEPENDS ${core_globs})
