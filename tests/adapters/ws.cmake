# weir_ws, against a client that knows nothing of wslay.
if(TARGET weir::ws)
  weir_add_stress(NAME stress_ws
    SOURCES stress_ws.c
    LIBRARIES weir::ws weir_stress_support weir_test_support)

  if(NOT WEIR_TESTS_STRESS_ONLY)
    weir_add_criterion_test(NAME adapters_ws
      SOURCES
        ws_support.c
        test_ws_frames.c
        test_ws_handshake.c
        test_ws_limits.c
        test_ws_stop.c
      LIBRARIES weir::ws weir_test_support)
  endif()
endif()
