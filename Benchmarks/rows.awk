# From lines of a name and a value to a table: of each name's values, one for each round, the median and the best; what
# was promised, and whether the median keeps it. Rows without a promise are there to be read with their neighbours. Which
# rows there are says the other script of the two (sandbox.awk, uefi.awk).
function heading(title, how) { titles[++rows] = title; kinds[rows] = how }

function row(name, title, comparison, limit) {
    names[++rows] = name
    titles[rows] = title
    comparisons[rows] = comparison
    limits[rows] = limit
}

NF == 2 { values[$1, ++counts[$1]] = $2 + 0 }

# Puts the values of a name in order, and answers the middle.
function median(name,    i, j, value, count) {
    count = counts[name]
    for (i = 2; i <= count; i++) {
        value = values[name, i]
        for (j = i - 1; j >= 1 && values[name, j] > value; j--) values[name, j + 1] = values[name, j]
        values[name, j + 1] = value
    }
    return count % 2 ? values[name, (count + 1) / 2] : (values[name, count / 2] + values[name, count / 2 + 1]) / 2
}

function text(value) { return value >= 100 ? sprintf("%.0f", value) : sprintf("%.3f", value) }

function print_row(index_of,    name, middle, best, isKept) {
    name = names[index_of]
    if (!counts[name]) {
        printf "%-30s missing\n", titles[index_of]
        missing++
        return
    }
    middle = median(name)
    best = values[name, comparisons[index_of] == ">=" ? counts[name] : 1]
    if (!comparisons[index_of]) {
        printf "%-30s %12s %12s\n", titles[index_of], text(middle), text(best)
        return
    }
    promises++
    isKept = comparisons[index_of] == ">=" ? middle >= limits[index_of] : middle <= limits[index_of]
    kept += isKept
    printf "%-30s %12s %12s   %2s %-10s %s\n", titles[index_of], text(middle), text(best), comparisons[index_of],
        text(limits[index_of]), isKept ? "ok" : "SLOWER"
}

END {
    for (i = 1; i <= rows; i++) {
        if (i in names) { print_row(i); continue }
        printf "%s%-30s %12s %12s   %-13s (%s)\n", (i > 1 ? "\n" : ""), titles[i], "median", "best", "promise", kinds[i]
    }
    printf "\n%s: %d of %d promises kept, %d measurements missing\n", subject, kept, promises, missing
    exit missing > 0
}
