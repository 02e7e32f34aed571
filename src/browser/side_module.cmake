# How a side module is built with clang 19, wasm-ld 19 and Binaryen. Include it before project(),
# because its toolchain is not the native one.
set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_WORKS TRUE)

cmake_path(SET SAHPOOL_ROOT NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../..)
set(SQLITE_DIR ${SAHPOOL_ROOT}/node_modules/better-sqlite3/deps/sqlite3
    CACHE PATH "Where sqlite3.h is")

# add_side_module_objects(<target> <sources...>): an object library of what goes into side modules.
function(add_side_module_objects target)
  add_library(${target} OBJECT ${ARGN})
  target_include_directories(${target} PRIVATE ${SAHPOOL_ROOT}/include ${SAHPOOL_ROOT}/src
                             ${SAHPOOL_ROOT} ${SQLITE_DIR})
  # -Oz: the module is downloaded, and what takes time in it are the calls that leave it.
  # The module is a whole program: what has one implementation is called without its vtable.
  target_compile_options(${target} PRIVATE
    --target=wasm32-wasi -std=c++20 -Oz -flto -fPIC -fno-exceptions -fno-rtti -mbulk-memory
    -msign-ext -mnontrapping-fptoint -fvisibility=hidden -fmerge-all-constants
    -fwhole-program-vtables -fvirtual-function-elimination -fstrict-vtable-pointers -Wall -Wextra -Wpedantic -Wshadow -Werror)
endfunction()

# add_side_module(<target> OUTPUT <file.wasm> OBJECTS <object libraries...> EXPORTS <functions...>)
function(add_side_module target)
  cmake_parse_arguments(MODULE "" "OUTPUT" "OBJECTS;EXPORTS" ${ARGN})
  find_program(WASM_LD wasm-ld-19 REQUIRED)
  find_program(WASM_OPT wasm-opt REQUIRED)

  set(objects ${MODULE_OBJECTS})
  list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")
  list(TRANSFORM MODULE_EXPORTS PREPEND --export=)
  cmake_path(GET MODULE_OUTPUT PARENT_PATH directory)
  cmake_path(GET MODULE_OUTPUT FILENAME file)
  add_custom_command(
    OUTPUT ${MODULE_OUTPUT}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${directory}
    # What strength reduction, partial redundancy elimination, jumps past conditions, larger inlined
    # functions and branches made into selects save in time they cost in size. The names of functions
    # stay, by which npm/order-functions.mjs knows them.
    COMMAND ${WASM_LD} --experimental-pic -shared --no-entry --lto-O2 --strip-debug
            -mllvm -disable-lsr -mllvm -enable-load-pre=false -mllvm -jump-threading-threshold=1
            -mllvm -inline-threshold=0 -mllvm -two-entry-phi-node-folding-threshold=1
            --no-export-dynamic --allow-undefined ${MODULE_EXPORTS} -o linked-${file}
            ${objects}
    # The features are those that clang uses too. Emscripten leaves the first 1024 bytes of memory
    # unused, in whatever SQLite the module is loaded into.
    # Alignment hints, which engines ignore, compress worse than none. -Oz would not flatten, and
    # calls of tiny functions are larger than these.
    COMMAND ${WASM_OPT} -g --dealign -O4 -s 2 --always-inline-max-function-size=4 --converge
            --low-memory-unused --enable-bulk-memory --enable-mutable-globals --enable-sign-ext
            --enable-nontrapping-float-to-int linked-${file} -o ${MODULE_OUTPUT}
    COMMAND_EXPAND_LISTS
    DEPENDS ${MODULE_OBJECTS} ${objects}
    COMMENT "Linking ${file}")
  add_custom_target(${target} DEPENDS ${MODULE_OUTPUT})
endfunction()
