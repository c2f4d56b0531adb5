# The functions that a folder's CMakeLists.txt is written with. Sources are listed by name, never
# by a glob; ci/tidy.py reports a .cc that no list names.
#
#   atrest_library(NAME SOURCES f.cc... [DEPS lib...] [TESTS f_test.cc...] [TEST_DEPS lib...]
#                  [LABELS label...])
#     One static library per folder (an interface library where SOURCES is empty) and one test
#     program NAME_test of all TESTS. Each test is a CTest test called NAME.Suite.Case, run in the
#     root of the checkout.
#   atrest_executable(NAME SOURCES f.cc... [DEPS lib...])
#     A program in build/PRESET/bin/.
#   atrest_fuzzer(NAME SOURCES f_fuzz.cc [DEPS lib...] [SEEDS folder...] [LABELS label...])
#     A fuzz target (LLVMFuzzerTestOneInput). SEEDS are folders from the root of the checkout;
#     fixtures/corpus/NAME is one of them where it exists. With ATREST_LIBFUZZER the program is
#     for `ci/run.py fuzz`; else it is a CTest test NAME.replay that runs every seed once.
#   atrest_python_test(NAME SCRIPT f.py [ARGS arg...] [LABELS label...])
#     A script as a CTest test, run in the root of the checkout.
#
# LABELS codec puts a test among those that ./ci/test repeats under asan and ubsan; the target
# tests_LABEL builds the programs of a label.

function(atrest_label_target target)
  foreach(label IN LISTS ARGN)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${target})
  endforeach()
endfunction()

# Compiles the sources of a target in groups, see unity_groups.py, which deals anew when CMake runs
# again: after a file came or went, and where a new name clashes (then the compiler says so).
function(atrest_unity target)
  if(NOT ATREST_UNITY)
    return()
  endif()
  list(FILTER ARGN INCLUDE REGEX "\\.cc$")
  execute_process(
    COMMAND ${ATREST_PYTHON} ${PROJECT_SOURCE_DIR}/cmake/unity_groups.py ${ARGN}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" lines "${lines}")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([0-9]+) (.+)$" grouped "${line}")
    if(grouped)
      set_source_files_properties(${CMAKE_MATCH_2} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_1})
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

function(atrest_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS;TESTS;TEST_DEPS;LABELS")
  set(scope PUBLIC)
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    atrest_unity(${name} ${ARG_SOURCES})
  else()
    set(scope INTERFACE)
    add_library(${name} INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} ${scope} ${ARG_DEPS})
  if(ARG_TESTS)
    add_executable(${name}_test ${ARG_TESTS})
    atrest_unity(${name}_test ${ARG_TESTS})
    target_link_libraries(${name}_test PRIVATE
      ${name} ${ARG_TEST_DEPS} rapidcheck rapidcheck_gtest GTest::gmock GTest::gtest_main)
    set_target_properties(${name}_test PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    gtest_discover_tests(${name}_test
      TEST_PREFIX ${name}. NO_PRETTY_VALUES
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT ${ATREST_TEST_TIMEOUT_S} LABELS "${ARG_LABELS}")
    atrest_label_target(${name}_test ${ARG_LABELS})
  endif()
endfunction()

function(atrest_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS")
  add_executable(${name} ${ARG_SOURCES})
  atrest_unity(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

function(atrest_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS;SEEDS;LABELS")
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
  set(seeds ${ARG_SEEDS})
  if(EXISTS ${PROJECT_SOURCE_DIR}/fixtures/corpus/${name})
    list(APPEND seeds fixtures/corpus/${name})
  endif()
  if(ATREST_LIBFUZZER)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
    # Read by ci/run.py: the folders of seeds of each target, one a line.
    list(JOIN seeds "\n" lines)
    file(WRITE ${CMAKE_BINARY_DIR}/fuzzers/${name}.seeds "${lines}\n")
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/fuzz_replay.cc)
    add_test(NAME ${name}.replay COMMAND ${name} ${seeds} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name}.replay PROPERTIES
      TIMEOUT ${ATREST_TEST_TIMEOUT_S} LABELS "${ARG_LABELS}")
    atrest_label_target(${name} ${ARG_LABELS})
  endif()
endfunction()

function(atrest_python_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "SCRIPT" "ARGS;LABELS")
  add_test(NAME ${name} COMMAND ${ATREST_PYTHON} ${ARG_SCRIPT} ${ARG_ARGS}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${ATREST_TEST_TIMEOUT_S} LABELS "${ARG_LABELS}"
    ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
endfunction()
