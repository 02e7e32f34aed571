# Where sqlite3.h is: all that the library needs of SQLite. The program links an SQLite of its own
# choice.
#
# Sets SAHPOOL_SQLITE_INCLUDE_DIR: SAHPOOL_SQLITE_DIR when that is given, otherwise what
# find_package(SQLite3) or the compiler's own search finds.
set(SAHPOOL_SQLITE_DIR "" CACHE PATH "Where sqlite3.h is; empty for the system's")

# The development tools bring the amalgamation along.
set(SAHPOOL_DEVELOPMENT_SQLITE ${CMAKE_CURRENT_SOURCE_DIR}/node_modules/better-sqlite3/deps/sqlite3)
if(NOT SAHPOOL_SQLITE_DIR AND PROJECT_IS_TOP_LEVEL AND EXISTS ${SAHPOOL_DEVELOPMENT_SQLITE}/sqlite3.h)
  set(SAHPOOL_SQLITE_DIR ${SAHPOOL_DEVELOPMENT_SQLITE})
endif()

if(SAHPOOL_SQLITE_DIR)
  set(SAHPOOL_SQLITE_INCLUDE_DIR ${SAHPOOL_SQLITE_DIR})
else()
  find_package(SQLite3 QUIET)
  set(SAHPOOL_SQLITE_INCLUDE_DIR ${SQLite3_INCLUDE_DIRS})
endif()
if(NOT EXISTS "${SAHPOOL_SQLITE_INCLUDE_DIR}/sqlite3.h")
  message(FATAL_ERROR "sahpool needs sqlite3.h: set SAHPOOL_SQLITE_DIR to the directory that has it")
endif()
