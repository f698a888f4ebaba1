cat > poke <<'END'
for letter in c o r b e l; do printf $letter | dd of=/dev/port bs=1 seek=512 2>/dev/null; done
for turn in 1 2 3 4 5 6; do dd if=/dev/port bs=1 skip=512 count=1 2>/dev/null; done; echo
END
corbel lab run --guest-script poke --with .build/release/GuestPipe -- GuestPipe @guest
