// Writes down what a device model is asked and what it answers. Not for: where it goes (RecordingSink).

public import XenABI
public import XenPlatform

/// Where a recording goes.
public protocol RecordingSink: AnyObject {
    /// Takes the next bytes; false: it takes no more, and the recording is over.
    func append(_ bytes: Span<UInt8>) -> Bool
}

/// An observer that records. What it writes ends with a whole line at each answer, so that a device model that is
/// killed leaves a recording of all that it had answered.
public final class RequestRecorder: RequestObserver {
    /// Bytes of a recording at most: some minutes of a guest that does nothing but ask.
    public static var bytesMax: Int { 64 << 20 }

    private let sink: any RecordingSink
    private var text = RecordingText()
    private var writtenByteCount = 0
    private let byteCountMax: Int
    private var isOver = false
    /// vCPUs whose request is written and not answered.
    private var waiting: [VCPUID] = []

    /// A recording of at most so many bytes into `sink`.
    public init(_ sink: any RecordingSink, byteCountMax: Int = RequestRecorder.bytesMax) {
        self.sink = sink
        self.byteCountMax = byteCountMax
        text.begin()
        write()
    }

    /// Notes the request.
    public func requestArrived(_ request: ObservedRequest) {
        guard !isOver else { return }
        text.append(request)
        if let vcpu = request.vcpu {
            if !waiting.contains(vcpu) { waiting.append(vcpu) }
        } else {
            write()
        }
    }

    /// Notes the answer, and writes all that there is to write.
    public func requestAnswered(_ vcpu: VCPUID, values: [UInt64]) {
        guard !isOver, let index = waiting.firstIndex(of: vcpu) else { return }
        waiting.remove(at: index)
        text.append(answerTo: vcpu, values)
        write()
    }

    private func write() {
        if writtenByteCount + text.bytes.count > byteCountMax {
            isOver = true
            text.removeAll()
            text.appendFull()
        }
        writtenByteCount += text.bytes.count
        if !sink.append(text.bytes.span) { isOver = true }
        text.removeAll()
    }
}
