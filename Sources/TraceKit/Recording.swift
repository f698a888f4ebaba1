// A recording, read: whatever a file has in it, there comes an error or a list of requests that can be.
// Not for: doing them again (Replay).

internal import XenABI
public import XenPlatform

/// Why a file is no recording.
public struct RecordingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line, from 1 on.
    public var line: Int
    /// What is wrong with it.
    public var reason: StaticString

    /// By the line.
    public static func == (left: RecordingError, right: RecordingError) -> Bool { left.line == right.line }

    /// `line 3: what`.
    public var description: String { "line \(line): \(reason)" }
}

/// A request of a recording, and its answer.
public struct RecordedRequest: Equatable, Sendable {
    /// The line of the file.
    public var line: Int
    /// The request.
    public var request: ObservedRequest
    /// Its answer: the values of a read, none for a write; nil: it has none in the recording.
    public var answer: [UInt64]?
    /// The line of the answer; that of the request where nobody waits.
    public var answerLine: Int
}

/// What a device model was asked, in order, and what it answered.
public struct Recording: Equatable, Sendable {
    /// Bytes of a file that are looked at: more than a recorder writes.
    public static var bytesMax: Int { 2 * RequestRecorder.bytesMax }
    /// Elements of one request at most, as the device-model library takes them.
    static var elementsMax: UInt64 { 65536 }
    /// vCPUs that a page of slots has room for, dmop.md section 4.1.
    static var vcpusMax: UInt64 { 128 }

    /// The requests, in the order in which they came.
    public private(set) var requests: [RecordedRequest] = []
    /// Whether the recorder had to end before the device model did.
    public private(set) var isFull = false

    /// Reads the bytes of a file. A last line that is cut off, as a killed recorder may leave it, is left out.
    public init(_ bytes: [UInt8]) throws(RecordingError) {
        guard bytes.count <= Self.bytesMax else { throw RecordingError(line: 1, reason: "too large for a recording") }
        var lines = RecordingLines(bytes)
        guard var first = lines.next(), first.takes(RecordingText.title) else {
            throw RecordingError(line: 1, reason: "no recording")
        }
        guard first.number(upTo: .max) == RecordingText.version, first.isAtEnd else {
            throw RecordingError(line: 1, reason: "a recording of another version")
        }
        var waiting: [VCPUID: Int] = [:]
        while var line = lines.next() {
            if isFull { throw line.error("a line after the end") }
            switch line.word() {
            case Array(">".utf8):
                let request = try line.request()
                if let vcpu = request.vcpu { waiting[vcpu] = requests.count }
                requests.append(
                    RecordedRequest(
                        line: line.number, request: request, answer: request.vcpu == nil ? [] : nil,
                        answerLine: line.number))
            case Array("<".utf8):
                guard let vcpu = line.vcpu(), let index = waiting.removeValue(forKey: vcpu) else {
                    throw line.error("an answer to nothing")
                }
                requests[index].answer = try line.answer(to: requests[index].request)
                requests[index].answerLine = line.number
            case RecordingText.full where line.isAtEnd: isFull = true
            default: throw line.error("neither a request nor an answer")
            }
        }
    }

    /// The vCPUs that a guest must have to do all of it.
    public var vcpuCount: UInt32 { requests.reduce(1) { max($0, ($1.request.vcpu?.rawValue ?? 0) + 1) } }

    /// The end of the highest buffer of a string, in bytes from address 0.
    public var bufferEnd: UInt64 {
        requests.reduce(0) { end, recorded in
            recorded.request.bufferBytes.map { max(end, $0.upperBound &+ 1) } ?? end
        }
    }
}

extension ObservedRequest {
    /// The largest value of an element.
    var valueMax: UInt64 { byteCount >= 8 ? .max : 1 << UInt64(8 * byteCount) - 1 }

    /// First to last byte of the guest's buffer; nil without one, or where it would leave the address space.
    var bufferBytes: ClosedRange<UInt64>? {
        guard let guestBuffer, count >= 1, byteCount >= 1 else { return nil }
        let span = UInt64(count - 1) * UInt64(byteCount)
        let (low, below) = isDescending ? guestBuffer.subtractingReportingOverflow(span) : (guestBuffer, false)
        let (last, above) = (isDescending ? guestBuffer : low).addingReportingOverflow(
            (isDescending ? 0 : span) + UInt64(byteCount) - 1)
        return below || above ? nil : low...last
    }
}
