// Tests.
import Testing

@Suite("XenstoreToolTests")
struct UsageTests {}
