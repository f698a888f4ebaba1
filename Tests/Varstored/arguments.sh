# The command line: what is refused, how, and with which status (varstored.md 12.1).
refused 2 'usage: varstored' "no option at all is a wrong command line, and the usage is shown"
refused 2 '--domain is needed' "a domain is needed" "${file[@]}"
refused 2 'a backend is needed' "so is a backend" --domain 1
refused 2 'no such option' "an unknown option is refused" --domain 1 "${file[@]}" --bogus
refused 2 'not an option' "so is a word that is none" --domain 1 "${file[@]}" word
refused 2 'no such backend' "so is an unknown backend" --domain 1 --backend nvram
refused 2 'has no argument' "so is an argument that the backend has not" --domain 1 "${file[@]}" --arg colour:red
refused 2 'NAME:VALUE' "and one without a colon" --domain 1 --backend file --arg path
refused 2 'path:PATH is needed' "the file backend needs its path" --domain 1 --backend file
refused 2 'uuid:UUID is needed' "xapidb needs the machine" --domain 1 --backend xapidb
refused 2 'must come before' "the backend comes before its arguments" --domain 1 --arg "path:$blob" --backend xapidb
refused 2 'only with --resume' "a resume file without --resume is refused" --domain 1 "${file[@]}" --arg resume:/x
refused 2 'must not be the file' "a save file that is the blob's is refused" --domain 1 "${file[@]}" \
    --arg "save:${blob%/*}//./${blob##*/}"
refused 2 'takes no value' "an option without a value takes none" --domain 1 "${file[@]}" --depriv=yes
refused 2 'a value is missing' "and one with a value needs it" "${file[@]}" --domain
refused 2 'must be' "a wrong word is refused" --domain 1 "${file[@]}" --log-level loud
refused 1 'not a number' "a number that is none is status 1" --domain x "${file[@]}"
refused 1 'not a number' "so is one that no domain has" --domain 65536 "${file[@]}"
refused 1 'pid' "so is a pid file that can't be made" --domain 1 "${file[@]}" --pidfile /nowhere/pid
refused 1 'sandbox' "so is a hypervisor that is not there" --domain 1 "${file[@]}" --hypervisor sandbox:/nowhere
options=$(varstored --help | grep -oE '^ +--[a-z-]+' | tr -d ' ')
varstored >/dev/null 2>"$work/err" </dev/null
[ "$(wc -w <<<"$options")" -ge 20 ] && ! grep -vqxFf <(grep -oE '^ +--[a-z-]+' "$work/err" | tr -d ' ') <<<"$options"
row $? "the usage lists every option" "$options"

anew
refused 1 'domain 77' "a domain that is not there is named" --domain 77 "${file[@]}"
refused 1 'EPERM|not allowed' "our own domain is refused" --domain 0 "${file[@]}"
for number_ in "$domain" 0x$domain 0$domain; do
    domain_=$domain
    domain=$number_ launch "${file[@]}"
    within 20 is_ready
    domain=$domain_
    kill $daemon
    ends 0 $daemon || { row 1 "--domain $number_" "$(log)"; continue; }
done
says 'domain=1' "$work/out"
row $? "a domain's id may be decimal, hexadecimal or octal" "$(log)"
varstored --domain 77 "${file[@]}" --depriv --uid 1 </dev/null 2>&1 | cat >"$work/piped"
says '^WARN varstored: --uid without --gid' "$work/piped" && ! says 'the log is a file' "$work/piped"
row $? "a user without a group is warned of" "$(cat "$work/piped")"
varstored --domain 77 "${file[@]}" --depriv --uid 1 --gid 1 </dev/null >"$work/out" 2>"$work/err"
says '^WARN varstored: the log is a file' "$work/err" && ! says 'without --gid' "$work/err"
row $? "and a log in a file, which ends under --depriv" "$(log)"
rm -f "$blob"*
