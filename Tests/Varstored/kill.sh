# Rounds of kill -9 at random moments while a guest writes, as fast as it can, through the daemon: what it was told to
# be kept is found by the next daemon.
rm -f "$blob"*
wrong_rounds=0 acknowledged=0 ahead=0 last=-1
for ((round = 0; round < ROUNDS; round++)); do
    anew
    serve "${file[@]}" || break
    # What there is must be the last acknowledged value, or the one that was under way.
    found=-1
    if [ $last -ge 0 ]; then
        for value in $last $((last + 1)); do
            if guest "get Counter 0 7 $(printf %08x "$value")"; then found=$value; break; fi
        done
        [ $found -ge 0 ] || { wrong_rounds=$((wrong_rounds + 1)); cp "$work/answers" "$work/wrong-answers"; }
        [ $found -le $last ] || ahead=$((ahead + 1))
    fi
    first=$((last + 2))
    for ((value = first; value < first + 90; value++)); do printf 'set Counter %08x 7 0\n' $value; done |
        "$here/guest-script" >"$work/script"
    corbel sandbox run "$work/script" --domain "$domain" >"$work/answers" 2>&1 &
    run=$!
    # From one acknowledged write to some dozen.
    within 10 says 'expect memory' "$work/answers"
    sleep "0.0$((RANDOM % 30 + 10))"
    kill -KILL $daemon
    wait $daemon 2>/dev/null
    corbel sandbox domain destroy "$domain" >/dev/null
    within 10 gone $run || kill -KILL $run
    wait $run 2>/dev/null
    count=$(grep -c 'expect memory' "$work/answers")
    acknowledged=$((acknowledged + count))
    last=$((first + count - 1))
done
[ $wrong_rounds = 0 ] && [ $round = "$ROUNDS" ] && [ $acknowledged -gt "$ROUNDS" ]
row $? "kill -9 in $ROUNDS rounds while a guest writes: each acknowledged write is found again" \
    "$wrong_rounds of $round rounds are wrong: $(cat "$work/wrong-answers" 2>/dev/null)"
echo "# $acknowledged writes were acknowledged, in $ahead rounds the one after was kept too"
