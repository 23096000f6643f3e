# weir_pq, against a PostgreSQL that the tests start by themselves. Skipped (77) without one.
if(TARGET weir::pq)
  add_library(weir_pq_test_support STATIC postgres.c pq_support.c)
  target_link_libraries(weir_pq_test_support
    PUBLIC weir::pq weir_test_support
    PRIVATE weir_build_flags)

  weir_add_stress(NAME stress_pq
    SOURCES stress_pq.c
    LIBRARIES weir_pq_test_support weir_stress_support)
  set_tests_properties(stress_pq PROPERTIES SKIP_RETURN_CODE 77)

  if(NOT WEIR_TESTS_STRESS_ONLY)
    weir_add_criterion_test(NAME adapters_pq
      SOURCES names.c pq_main.c test_pq_cancel.c test_pq_connect.c test_pq_pool.c
        test_pq_query.c test_pq_transaction.c
      LIBRARIES weir_pq_test_support)
    set_tests_properties(adapters_pq PROPERTIES SKIP_RETURN_CODE 77)
  endif()
endif()
