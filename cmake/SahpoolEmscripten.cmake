# The library for Emscripten: C++ over a host in JavaScript, which the target's users get linked in.

if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "sahpool needs Emscripten 3.1.6 or later, whose compiler is Clang 14 or later")
endif()
if(CMAKE_SIZEOF_VOID_P EQUAL 8)
  message(FATAL_ERROR "sahpool is for wasm32 alone: build without -sMEMORY64.")
endif()

target_sources(sahpool PRIVATE
  src/browser/emscripten/browser_library.cc src/browser/host_storage.cc src/browser/exports.cc)
if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  # This compiler's library has coroutines in std::experimental alone.
  target_compile_options(sahpool PUBLIC
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-deprecated-experimental-coroutine>)
endif()

# Such objects can be linked into programs with threads and without; others into the latter alone. They
# must be without atomic loads and stores, which -sSAFE_HEAP can't check where there are no threads.
target_compile_options(sahpool PRIVATE -pthread)

# The host is made of the npm package's TypeScript by the development tools; an installed copy brings
# it along.
set(SAHPOOL_EMSCRIPTEN_HOST "" CACHE FILEPATH
    "A sahpool-host.js that was made before; empty to make it with Node.js")
set(host ${SAHPOOL_EMSCRIPTEN_HOST})
set(libraries library host-imports)
if(NOT host)
  find_program(SAHPOOL_NODE node REQUIRED NO_CMAKE_FIND_ROOT_PATH)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/node_modules/vite)
    message(FATAL_ERROR "sahpool's source tree needs its npm packages (npm ci) to make the host for "
            "Emscripten. Use an installed copy, or set SAHPOOL_EMSCRIPTEN_HOST.")
  endif()
  set(host ${CMAKE_CURRENT_BINARY_DIR}/sahpool-host.js)
  file(GLOB host_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/npm/src/*/*.ts
       ${CMAKE_CURRENT_SOURCE_DIR}/src/browser/emscripten/*.ts)
  set(build_host ${CMAKE_CURRENT_SOURCE_DIR}/src/browser/emscripten/build-host.mjs)
  add_custom_command(OUTPUT ${host} COMMAND ${SAHPOOL_NODE} ${build_host} ${host}
    DEPENDS ${host_sources} ${build_host} COMMENT "Bundling the host for Emscripten")
  add_custom_target(sahpool_host DEPENDS ${host})
  add_dependencies(sahpool sahpool_host)
endif()

set(installed $<INSTALL_PREFIX>/${CMAKE_INSTALL_LIBDIR}/sahpool)
set(host_file $<BUILD_INTERFACE:${host}>$<INSTALL_INTERFACE:${installed}/sahpool-host.js>)
target_link_options(sahpool INTERFACE "SHELL:--extern-pre-js ${host_file}")
set_property(TARGET sahpool PROPERTY INTERFACE_LINK_DEPENDS ${host_file})
foreach(library IN LISTS libraries)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/src/browser/emscripten/${library}.js)
  set(file $<BUILD_INTERFACE:${source}>$<INSTALL_INTERFACE:${installed}/sahpool-${library}.js>)
  target_link_options(sahpool INTERFACE "SHELL:--js-library ${file}")
  set_property(TARGET sahpool APPEND PROPERTY INTERFACE_LINK_DEPENDS ${file})
  if(SAHPOOL_INSTALL)
    install(FILES ${source} DESTINATION ${CMAKE_INSTALL_LIBDIR}/sahpool RENAME sahpool-${library}.js)
  endif()
endforeach()
if(SAHPOOL_INSTALL)
  install(FILES ${host} DESTINATION ${CMAKE_INSTALL_LIBDIR}/sahpool RENAME sahpool-host.js)
endif()
