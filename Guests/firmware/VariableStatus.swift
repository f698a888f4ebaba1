// EFI_STATUS as the service answers it (varstored.md 17.1).

struct VariableStatus {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(error: UInt64) { rawValue = 1 << 63 | error }

    static var success: VariableStatus { VariableStatus(rawValue: 0) }
    static var invalidParameter: VariableStatus { VariableStatus(error: 0x02) }
    static var unsupported: VariableStatus { VariableStatus(error: 0x03) }
    static var bufferTooSmall: VariableStatus { VariableStatus(error: 0x05) }
    static var deviceError: VariableStatus { VariableStatus(error: 0x07) }
    static var writeProtected: VariableStatus { VariableStatus(error: 0x08) }
    static var outOfResources: VariableStatus { VariableStatus(error: 0x09) }
    static var notFound: VariableStatus { VariableStatus(error: 0x0e) }
    static var accessDenied: VariableStatus { VariableStatus(error: 0x0f) }
    static var incompatibleVersion: VariableStatus { VariableStatus(error: 0x19) }
    static var securityViolation: VariableStatus { VariableStatus(error: 0x1a) }

    static func == (left: VariableStatus, right: VariableStatus) -> Bool { left.rawValue == right.rawValue }
    static func != (left: VariableStatus, right: VariableStatus) -> Bool { left.rawValue != right.rawValue }

    /// The phrase of varstored.md 17.1; nil for one that the service never gives.
    var phrase: StaticString? {
        switch (rawValue >> 63, rawValue & ~(1 << 63)) {
        case (0, 0): "Success"
        case (1, 0x02): "Invalid Parameter"
        case (1, 0x03): "Unsupported"
        case (1, 0x05): "Buffer Too Small"
        case (1, 0x07): "Device Error"
        case (1, 0x08): "Write Protected"
        case (1, 0x09): "Out of Resources"
        case (1, 0x0e): "Not Found"
        case (1, 0x0f): "Access Denied"
        case (1, 0x19): "Incompatible Version"
        case (1, 0x1a): "Security Violation"
        default: nil
        }
    }
}
