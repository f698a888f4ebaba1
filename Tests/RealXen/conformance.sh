# In dom0, without the tool stack: the conformance suite on real Xen, with guests that corbel-domains makes. TAP.
. ./rows.sh
# What a release lacks, and what only a model can do; nothing else may be left out.
reasons='for the sandbox only|it could take down the host: needs --all|for 4[.][0-9]+ and later'
reasons="$reasons|not without the fix of XSA-506|all callers are dom0's"

corbel conformance --hypervisor xen --exerciser /lab/exerciser.elf >/tmp/conformance 2>/tmp/messages
status=$?
sed -nE 's/^(not )?ok ([A-Z]+[0-9]+)/\1ok - \2/p' /tmp/conformance
grep -q '^not ok' /tmp/conformance && bad=1
rows=$(grep -cE '^(not )?ok' /tmp/conformance)
echo "# $(tail -n 1 /tmp/conformance)"
tail -n 1 /tmp/conformance | grep -qE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' && [ $status = $bad ]
row $? "the suite runs to its end, and its status says how" "status $status: $(tail -n 3 /tmp/messages | tr '\n' ';')"
strange=$(sed -n 's/^ok .* # skip: //p' /tmp/conformance | grep -vxE "$reasons" | sort -u)
[ -z "$strange" ]
row $? "no row was left out that Xen has an answer to" "$(echo "$strange" | tr '\n' ';')"
passed=$(tail -n 1 /tmp/conformance | sed -n 's/ passed, .*//p')
[ "${passed:-0}" -ge 400 ]
row $? "400 rows at least were asked and answered" "$passed"
# Whatever the rows have made is gone: the next id is nobody's, and no domain is left below it.
left=$(for id in $(seq 1 $(($(corbel-domains make pvh 1) - 1))); do corbel-domains state "$id"; done | grep -v none)
[ -z "$left" ]
row $? "no domain is left over" "$left"
echo "1..$rows"
exit $bad
