cd guest-pipe
swift test
# ✔ Test bytesComeOutInTheirOrder() passed
