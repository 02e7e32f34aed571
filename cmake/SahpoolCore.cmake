# Sets SAHPOOL_CORE_SOURCES: what every build of the core has, natively, for Emscripten and as a side
# module.
foreach(folder format slot file pool transfer vfs)
  list(APPEND core_globs ${CMAKE_CURRENT_LIST_DIR}/../src/${folder}/*.cc)
endforeach()
file(GLOB SAHPOOL_CORE_SOURCES CONFIGURE_DEPENDS ${core_globs})
