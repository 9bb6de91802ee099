# Reads csi-sanity's junit.xml: names the specs that failed, then counts.

function attribute(name,    found) {
  found = match($0, " " name "=\"[^\"]*\"")
  return found ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : ""
}

/<testcase / {
  if (attribute("classname") != "CSI Driver Test Suite" || attribute("name") !~ /^\[It\]/)
    next # ginkgo's set-up nodes
  status = attribute("status")
  if (status == "passed") passed++
  else if (status == "skipped" || status == "pending") skipped++
  else {
    failed++
    print "failed case: " attribute("name")
  }
}

END {
  printf "cases: %d passed, %d failed, %d skipped\n", passed, failed, skipped
  exit (failed > 0 || passed == 0)
}
