# The rows of xenstore-flood, of what it prints (see rows.awk): the 99th percentile of others' round trips while a guest
# floods, by that without; what the server does more before it answers them; what each of the flood costs it alone.
function flood(name, title) {
    row(name "-ratio", title, "<=", 2)
    row(name "-added-us", "  more work, us")
    row(name "-each-us", "  each of the flood alone, us")
}

BEGIN {
    subject = "floods of xenstored"
    heading("p99 of others by quiet", "round trips, and processor time")
    flood("read", "READ")
    flood("read-of-2000-bytes", "READ of 2000 bytes")
    flood("write-of-new-nodes", "WRITE of new nodes")
    flood("write-of-2000-bytes", "WRITE of 2000 bytes")
    flood("mkdir", "MKDIR")
    flood("rm", "RM")
    flood("directory", "DIRECTORY of 900 names")
    flood("directory_part", "DIRECTORY_PART of them")
    flood("get_perms", "GET_PERMS")
    flood("set_perms", "SET_PERMS")
    flood("watch", "WATCH")
    flood("unwatch", "UNWATCH")
    flood("transaction_start", "TRANSACTION_START")
    flood("transaction_end", "TRANSACTION_END")
    flood("write-in-a-transaction", "WRITE in a transaction")
    flood("get_feature", "GET_FEATURE")
    flood("get_domain_path", "GET_DOMAIN_PATH")
    flood("privileged-requests", "privileged requests")
    flood("unknown-requests", "unknown requests")
    flood("bad-paths", "bad paths")
    flood("reset_watches", "RESET_WATCHES")
    flood("unwatch-and-watch", "UNWATCH and WATCH")
    flood("commits", "commits of 100 WRITEs")
    flood("rm-and-write", "RM and WRITE of a node")
}
