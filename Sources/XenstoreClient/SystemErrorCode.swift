// Numbers of errno that a client tells apart. Not for: what a server answers (XenstoreErrorCode).

/// Linux's numbers, the same on x86-64 and arm64.
enum SystemErrorCode {
    static let noEntry: Int32 = 2
    static let noDevice: Int32 = 6
    static let tryAgain: Int32 = 11
    static let brokenPipe: Int32 = 32
    static let connectionReset: Int32 = 104
    static let connectionRefused: Int32 = 111
}
