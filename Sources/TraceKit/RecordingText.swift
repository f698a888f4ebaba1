// A recording as text, one line each for a request and an answer: writing it. Reading it: Recording.
//
//     corbel-recording 1
//     > 0 port read 0x100 1                      vCPU 0 asks: type, direction, address, bytes
//     < 0 0x63                                   and is answered
//     > 1 port write 0x200 4 3 up 0x8000 = 0x1 0x2 0x3      a string: elements, direction, the guest's buffer; values
//     < 1
//     > - memory write 0xa0000 1 = 0x20          a posted write: nobody waits
//     full                                       the file has all that it may hold: what came later is not in it

internal import XenABI
internal import XenPlatform

/// Lines of a recording.
struct RecordingText {
    /// The version of the form; a reader refuses others.
    static let version: UInt64 = 1
    /// The first line, up to the version.
    static let title = Array("corbel-recording ".utf8)
    /// The line that says that there was more.
    static let full = Array("full".utf8)

    private(set) var bytes: [UInt8] = []

    mutating func begin() {
        bytes.append(contentsOf: Self.title)
        bytes.append(UInt8(ascii: "0") + UInt8(Self.version))
        endLine()
    }

    mutating func append(_ request: ObservedRequest) {
        bytes.append(UInt8(ascii: ">"))
        word(request.vcpu.map { Self.decimal(UInt64($0.rawValue)) } ?? [UInt8(ascii: "-")])
        word(Array(Self.name(of: request.type).utf8))
        word(Array((request.isRead ? "read" : "write").utf8))
        number(request.address)
        word(Self.decimal(UInt64(request.byteCount)))
        if let buffer = request.guestBuffer {
            word(Self.decimal(UInt64(request.count)))
            word(Array((request.isDescending ? "down" : "up").utf8))
            number(buffer)
        }
        if !request.values.isEmpty { word([UInt8(ascii: "=")]) }
        for value in request.values { number(value) }
        endLine()
    }

    mutating func append(answerTo vcpu: VCPUID, _ values: [UInt64]) {
        bytes.append(UInt8(ascii: "<"))
        word(Self.decimal(UInt64(vcpu.rawValue)))
        for value in values { number(value) }
        endLine()
    }

    mutating func appendFull() {
        bytes.append(contentsOf: Self.full)
        endLine()
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    static func name(of type: IORangeType) -> StaticString {
        type == .port ? "port" : type == .memory ? "memory" : "pci"
    }

    private mutating func word(_ text: [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: text)
    }

    private mutating func number(_ value: UInt64) { word(Array("0x".utf8) + Self.digits(value, base: 16)) }

    private static func decimal(_ value: UInt64) -> [UInt8] { digits(value, base: 10) }

    /// By hand: this is in the way of a guest.
    private static func digits(_ value: UInt64, base: UInt64) -> [UInt8] {
        var digits: [UInt8] = []
        var rest = value
        repeat {
            let digit = UInt8(rest % base)
            digits.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            rest /= base
        } while rest > 0
        digits.reverse()
        return digits
    }

    private mutating func endLine() { bytes.append(UInt8(ascii: "\n")) }
}

extension StaticString {
    /// The bytes of the text.
    var utf8: [UInt8] { Array(description.utf8) }
}
