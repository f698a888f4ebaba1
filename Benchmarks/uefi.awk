# The rows of the variable services, of what corbel-uefi-bench prints (see rows.awk).
BEGIN {
    subject = "UEFI variables"
    heading("UEFI variables, request to reply", "processor time")
    row("get-250-ns", "GetVariable, of 250, ns", "<=", 150)
    row("get-250-allocations", "  allocations each", "<=", 0)
    row("set-250-ns", "SetVariable of 8 bytes, ns", "<=", 400)
    row("set-250-allocations", "  allocations each")
    row("next-125-ns", "enumerating 125, each, ns")
    row("next-250-ns", "  250")
    row("next-500-ns", "  500")
    row("next-840-ns", "  840")
    row("next-growth", "  840 / 125", "<=", 1.5)
    row("known-111-ns", "append of 111 known hashes, ns")
    row("known-222-ns", "  222")
    row("known-443-ns", "  443")
    row("known-growth", "  each of 443 / of 111", "<=", 1.25)
    row("dbx-append-ns", "443 hashes, signed, ns", "<=", 1200000)
}
