import Testing

@Suite("SandboxWire") struct SandboxWireTests {
    @Test("nothing yet") func nothing() { #expect(Bool(true)) }
}
