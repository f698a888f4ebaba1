# Rounds of kill -9 at random moments while a guest writes, as fast as it can, through the daemon: what it was told to
# be kept is found by the next daemon.
rm -f "$blob"*
# Each write takes a large variable with it, so that it is not over at once.
anew
serve "${file[@]}"
guest 'set Ballast 57344x5a 7 0' 'set Other 50000x5a 7 0'
stop
wrong_rounds=0 acknowledged=0 ahead=0 cut_short=0 last=-1
for ((round = 0; round < ROUNDS; round++)); do
    anew
    serve "${file[@]}" || break
    # What there is must be the last acknowledged value, or the one that was under way.
    found=-1
    for value in $last $((last + 1)); do
        [ "$value" -lt 0 ] || ! guest "get Counter 0 7 $(printf %08x "$value")" || { found=$value; break; }
    done
    [ $found -ge "$last" ] || { wrong_rounds=$((wrong_rounds + 1)); cp "$work/answers" "$work/wrong-answers"; }
    [ $found -le "$last" ] || { ahead=$((ahead + 1)); last=$found; }
    first=$((last + 1))
    for ((value = first; value < first + 90; value++)); do printf 'set Counter %08x 7 0\n' $value; done |
        "$here/guest-script" >"$work/script"
    ln -f "$blob" "$work/before"
    corbel sandbox run "$work/script" --domain "$domain" >"$work/answers" 2>&1 &
    run=$!
    # After its first write, somewhere within those that follow.
    end=$((SECONDS + 20))
    while [ "$blob" -ef "$work/before" ] && [ $SECONDS -lt $end ]; do :; done
    sleep "0.$(printf %03d $((RANDOM % 40)))"
    kill -KILL $daemon
    wait $daemon 2>/dev/null
    corbel sandbox domain destroy "$domain" >/dev/null
    within 10 gone $run || kill -KILL $run
    wait $run 2>/dev/null
    # What was asked of a killed one has no answer.
    count=$(grep 'expect memory' "$work/answers" | grep -vc 'not what it should be')
    [ $count -eq 0 ] || [ $count -ge 90 ] || cut_short=$((cut_short + 1))
    acknowledged=$((acknowledged + count))
    last=$((first + count - 1))
done
[ $wrong_rounds = 0 ] && [ $round = "$ROUNDS" ] && [ $cut_short -gt $((ROUNDS / 5)) ]
row $? "kill -9 in $ROUNDS rounds while a guest writes: each acknowledged write is found again" \
    "$wrong_rounds of $round rounds are wrong, $cut_short were cut short: $(cat "$work/wrong-answers" 2>/dev/null)"
echo "# $acknowledged writes were acknowledged; $cut_short rounds were cut short," \
    "$ahead of them with one kept that was not acknowledged yet"
