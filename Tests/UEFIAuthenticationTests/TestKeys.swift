// Keys of the tests: made once in a run, shared by all tests. RSA-2048.

import UEFIAuthentication

enum TestKeys {
    /// PK's, KEK's, a second KEK's, a leaf's, an intermediate authority's, somebody else's.
    static let pk = make()
    static let kek = make()
    static let otherKEK = make()
    static let leaf = make()
    static let intermediate = make()
    static let stranger = make()

    private static func make() -> RSASigningKey {
        do { return try RSASigningKey.generated() } catch { preconditionFailure("no key: \(error)") }
    }
}
