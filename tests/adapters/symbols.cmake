if(TARGET weir::symbols AND NOT WEIR_TESTS_STRESS_ONLY)
  weir_add_criterion_test(NAME adapters_symbols
    SOURCES test_symbols.c
    LIBRARIES weir::symbols weir_test_support)
  # Whatever the build type, it has lines to be found.
  target_compile_options(adapters_symbols PRIVATE -g)
endif()
