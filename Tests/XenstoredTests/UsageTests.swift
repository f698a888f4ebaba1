// Tests.
import Testing

@Suite("XenstoredTests")
struct UsageTests {}
