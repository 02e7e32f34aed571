# The libraries of cmake/sqlite: those of build/sqlite where Clang compiles; otherwise parts of this
# build.
set(sqlite_libraries sqlite3_amalgamation sqlite3_without_assertions)

if(PROJECT_IS_TOP_LEVEL AND CMAKE_C_COMPILER_ID STREQUAL "Clang")
  set(shared_build ${PROJECT_SOURCE_DIR}/build/sqlite)
  file(MAKE_DIRECTORY ${shared_build})
  foreach(name IN LISTS sqlite_libraries)
    set(archive ${shared_build}/lib${name}.a)
    # One at a time, whichever build asks.
    set(alone flock ${shared_build}/lock)
    add_custom_command(OUTPUT ${archive}
      COMMAND ${alone} ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR}/cmake/sqlite -B ${shared_build}
              -G Ninja -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
              -DSAHPOOL_SQLITE_INCLUDE_DIR=${SAHPOOL_SQLITE_INCLUDE_DIR}
      COMMAND ${alone} ${CMAKE_COMMAND} --build ${shared_build} --target ${name}
      COMMAND ${CMAKE_COMMAND} -E touch ${archive}
      DEPENDS ${SAHPOOL_SQLITE_INCLUDE_DIR}/sqlite3.c
              ${PROJECT_SOURCE_DIR}/cmake/sqlite/CMakeLists.txt
      VERBATIM)
    add_custom_target(build_${name} DEPENDS ${archive})
    add_library(${name} STATIC IMPORTED GLOBAL)
    set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${archive})
    add_dependencies(${name} build_${name})
  endforeach()
else()
  add_subdirectory(cmake/sqlite)
endif()

foreach(name IN LISTS sqlite_libraries)
  target_include_directories(${name} SYSTEM INTERFACE ${SAHPOOL_SQLITE_INCLUDE_DIR})
  target_link_libraries(${name} INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endforeach()
