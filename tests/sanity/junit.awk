# Reads csi-sanity's junit.xml: names the specs that failed, lists those that were skipped with the reason that the file
# `reasons` (skips.txt) gives for `mode`, writes that list to the file `list` too, then counts. A skipped spec without a
# reason fails; so does a reason that no spec needs any more.

function attribute(name,    found) {
  found = match($0, " " name "=\"[^\"]*\"")
  return found ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : ""
}

function note_skip(why,    i, text) {
  skipped++
  for (i = 1; i <= rows; i++) {
    if (index(why, row_skip[i]) == 0 || (row_spec[i] != "" && index(spec, row_spec[i]) == 0))
      continue
    row_used[i] = 1
    text = spec ": " row_reason[i]
    print "  skip: " text
    print text >list
    return
  }
  failed++
  skipped--
  print "failed case: " spec ": skipped (" why "), and skips.txt knows no reason"
}

BEGIN {
  printf "" >list
  while ((getline line <reasons) > 0) {
    if (line ~ /^(#|$)/)
      continue
    count = split(line, piece, / *\| */)
    if (count != 4) {
      print "failed case: skips.txt: not 'modes | skip | spec | reason': " line
      failed++
    } else if (index(" " piece[1] " ", " " mode " ")) {
      rows++
      row_skip[rows] = piece[2]
      row_spec[rows] = piece[3]
      row_reason[rows] = piece[4]
    }
  }
}

/<testcase / {
  spec = attribute("name")
  counts = attribute("classname") == "CSI Driver Test Suite" && spec ~ /^\[It\]/ # the others: ginkgo's set-up nodes
  if (!counts)
    next
  sub(/^\[It\] /, "", spec)
  status = attribute("status")
  if (status == "passed") passed++
  else if (status != "skipped" && status != "pending") {
    failed++
    print "failed case: " spec
  }
}

/<skipped / && counts { note_skip(attribute("message")) }

END {
  for (i = 1; i <= rows; i++) {
    if (!row_used[i]) {
      failed++
      print "failed case: skips.txt explains what is not skipped: " row_skip[i] " " row_spec[i]
    }
  }
  printf "cases: %d passed, %d failed, %d skipped\n", passed, failed, skipped
  exit (failed > 0 || passed == 0)
}
