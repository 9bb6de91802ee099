# Reads ctest's LastTest.log, names what failed and what was skipped, and ends with `N passed, N failed, N skipped`.
# A test counts as the cases it reports: cmocka's lines, or one line `cases: N passed, N failed, N skipped` of its own.
# One that reports none, or ends otherwise than its cases say (crash, time-out, sanitizer report at exit), counts as
# one case itself. Exit status 1 when something failed or nothing ran.

function begin(test_name) {
  name = test_name
  passed = failed = skipped = reported = listing = 0
  reason = ""
}

# ctest writes "Test Passed." for a test that was skipped as a whole, and for one whose executable is missing.
function end(went_well) {
  if (missing)
    went_well = 0
  if (!went_well && !failed) {
    failed = 1
    print "failed: " name (passed ? " (its cases passed, the process did not end well)" : "")
  } else if (went_well && !reported && reason != "") {
    skipped = 1
    print "skipped: " name ": " reason
  } else if (!reported) {
    passed = 1
  }
  missing = 0
  all_passed += passed
  all_failed += failed
  all_skipped += skipped
  name = ""
}

/^Unable to find executable/ { missing = 1 }
/^[0-9]+\/[0-9]+ Testing: / { begin($3) }
name == "" { next }

/^\[       OK \] / { passed++; reported = 1 }
/^\[  SKIPPED \] [^0-9]/ && !listing { skipped++; reported = 1; print "skipped: " name ": " substr($0, 14) }
/^\[  FAILED  \] [^0-9]/ && !listing { failed++; reported = 1; print "failed: " name ": " substr($0, 14) }
# Behind the cases cmocka lists the failed and skipped ones again.
/^\[==========\] [0-9]+ test\(s\) run\./ { listing = 1 }
/^\[==========\] Running / { listing = 0 }

/^cases: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
  passed += $2; failed += $4; skipped += $6
  reported = 1
}
/^failed case: / { print "failed: " name ": " substr($0, 14) }
/^skipped: / { reason = substr($0, 10) }

/^Test Passed\.$/ { end(1) }
/^Test Failed\.$/ { end(0) }

END {
  printf "%d passed, %d failed, %d skipped\n", all_passed, all_failed, all_skipped
  exit (all_failed > 0 || all_passed + all_skipped == 0)
}
