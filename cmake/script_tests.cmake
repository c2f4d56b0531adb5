# Tests that are scripts: of the tree itself, of the fixtures, and of the programs as their users
# meet them. A *_test.py that is not named here is an error.

atrest_python_test(tidy SCRIPT ci/tidy.py)
atrest_python_test(tidy_test SCRIPT ci/tidy_test.py)
atrest_python_test(unity_groups_test SCRIPT cmake/unity_groups_test.py)
atrest_python_test(mutate_test SCRIPT ci/mutate_test.py)
atrest_python_test(scenarios_tree SCRIPT ci/scenarios_tree.py)
atrest_python_test(scenarios_tree_test SCRIPT ci/scenarios_tree_test.py)
atrest_python_test(fixtures_manifest SCRIPT fixtures/verify.py)
atrest_python_test(fixtures_manifest_test SCRIPT fixtures/verify_test.py)
atrest_python_test(fixtures_transcripts SCRIPT fixtures/transcripts_test.py)
atrest_python_test(pyreader SCRIPT harness/pyreader/stan_store_test.py)
atrest_python_test(pyreader_decode SCRIPT harness/pyreader/decode_test.py)
atrest_python_test(pyreader_raft SCRIPT harness/pyreader/raft_log_test.py)
atrest_python_test(crosscheck_test SCRIPT harness/pyreader/crosscheck_test.py)
atrest_python_test(crosscheck SCRIPT harness/pyreader/crosscheck.py
  ARGS --inspect "$<TARGET_FILE:atrest> inspect" --fixtures fixtures)
atrest_python_test(crosscheck_raft SCRIPT harness/pyreader/raft_crosscheck.py
  ARGS --inspect "$<TARGET_FILE:atrest> inspect" --fixtures fixtures)
atrest_python_test(own_stores SCRIPT harness/pyreader/own_stores_test.py
  ARGS "$<TARGET_FILE:atrest>" inproc)
atrest_python_test(own_stores_of_server SCRIPT harness/pyreader/own_stores_test.py
  ARGS "$<TARGET_FILE:atrest>" reference)
atrest_python_test(checks SCRIPT ci/checks_test.py ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(compare_program SCRIPT harness/cli/compare_test.py
  ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(fuzz_program SCRIPT harness/cli/fuzz_test.py ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(atrest_program SCRIPT harness/cli/atrest_test.py ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(reproduce_program SCRIPT harness/cli/reproduce_test.py
  ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(simulate_program SCRIPT harness/cli/simulate_test.py
                   ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(simulated_hashes SCRIPT harness/cli/simulated_hashes.py
                   ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(continued_clusters SCRIPT reference/sim/continued_test.py
  ARGS "$<TARGET_FILE:reference_sim_test>" "$<TARGET_FILE:atrest>")
atrest_python_test(run_program SCRIPT harness/cli/run_test.py ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(reference_over_the_wire SCRIPT harness/cli/reference_test.py
  ARGS "$<TARGET_FILE:atrest>")
atrest_python_test(adapters SCRIPT adapters/adapters_test.py
  ARGS "$<TARGET_FILE:atrest>" "$<TARGET_FILE:example-adapter>" "$<TARGET_FILE:atrest-server>")
atrest_python_test(server_process SCRIPT reference/server/server_test.py
  ARGS "$<TARGET_FILE:atrest-server>")
find_program(NODE node)
if(NODE)
  add_test(NAME node_client
    COMMAND ${NODE} reference/server/node_client/node_client_test.js $<TARGET_FILE:atrest-server>
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(node_client PROPERTIES
    TIMEOUT ${ATREST_TEST_TIMEOUT_S} SKIP_RETURN_CODE 77
    ENVIRONMENT NODE_PATH=${PROJECT_SOURCE_DIR}/build/npm/node_modules)
endif()
atrest_python_test(kill_figure SCRIPT ci/kill_figure.py ARGS --check)
atrest_python_test(prove_program SCRIPT harness/cli/prove_test.py
  ARGS "$<TARGET_FILE:atrest>" "$<TARGET_FILE:atrest-server>")
# It starts a Python interpreter a thousand times.
set_tests_properties(adapters PROPERTIES TIMEOUT 300)
set_tests_properties(prove_program PROPERTIES TIMEOUT 900)
atrest_python_test(soak_test SCRIPT ci/bench/soak_test.py)
atrest_python_test(flake_test SCRIPT ci/bench/flake_test.py)
atrest_python_test(load_program SCRIPT harness/load/load_program_test.py
  ARGS "$<TARGET_FILE:atrest-load>" "$<TARGET_FILE:atrest-server>")
atrest_python_test(hostile_clients SCRIPT harness/load/hostile_test.py
  ARGS "$<TARGET_FILE:atrest-server>" "$<TARGET_FILE:atrest-load>")
