cat > poke <<'END'
printf corbel | dd of=/dev/port bs=1 seek=512 2>/dev/null
dd if=/dev/port bs=1 skip=513 count=1 2>/dev/null | od -An -tu1
END
corbel lab run --guest-script poke --with .build/release/GuestPipe -- GuestPipe @guest
