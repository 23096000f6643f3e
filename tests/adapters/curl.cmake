# weir_curl, against servers of Weir in the same process, and against rogues.
if(TARGET weir::curl)
  pkg_check_modules(weir_curl_test REQUIRED QUIET IMPORTED_TARGET libcurl)
  # names.c takes the place of getaddrinfo(), for libcurl.so as well.
  weir_add_stress(NAME stress_curl
    SOURCES stress_curl.c names.c
    LIBRARIES weir::curl weir_stress_support weir_test_support PkgConfig::weir_curl_test)

  if(NOT WEIR_TESTS_STRESS_ONLY)
    weir_add_criterion_test(NAME adapters_curl
      SOURCES curl_support.c names.c test_curl_call.c test_curl_callee.c test_curl_cancel.c
      test_curl_redirect.c test_curl_stream.c
      LIBRARIES weir::curl weir_test_support)
  endif()
endif()
