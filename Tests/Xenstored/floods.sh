# A guest at its quotas that floods the server with each operation, over a platform without Xen: how many of its
# requests come before another client's. Times are told, they don't decide (Benchmarks/run xenstore-flood).
timeout 100 xenstore-flood >"$work/rows" 2>&1
rows floods "$work/rows"
