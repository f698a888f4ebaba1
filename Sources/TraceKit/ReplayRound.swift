// A recording cut into rounds: each a script for a guest of the sandbox, which does in order what the recorded guest
// did. Requests that were not under way at once are never so again; those that were are, each on its vCPU.
// Not for: running a script, or judging what came of it (ReplayVerdict).

internal import XenABI
internal import XenPlatform

/// A script of some requests.
public struct ReplayRound: Equatable, Sendable {
    /// What a step of the script is for.
    enum Step: Equatable, Sendable {
        /// Prepares another; what comes of it does not matter.
        case preparation
        /// A write.
        case write
        /// A read, which shall give this.
        case read(UInt64)
        /// A look at memory, in which shall be what a string read has brought.
        case memory
    }

    /// A step, and whose.
    struct PlacedStep: Equatable, Sendable {
        var request: Int
        var step: Step
    }

    /// Bytes of a script that are begun with another request at most: half of what a sandbox takes.
    static let scriptBytesMax = 48 * 1024
    /// Requests of a script at most, so that its trace is told whole.
    static let requestsMax = 1024

    /// The script (GuestProgram).
    public private(set) var script = ""
    /// The steps of each vCPU, in its order.
    private(set) var steps: [VCPUID: [PlacedStep]] = [:]
    private var requestCount = 0
    private var vcpu: VCPUID?

    /// All of a recording that can be done again, in order.
    public static func all(of recording: Recording) -> [ReplayRound] {
        var rounds: [ReplayRound] = []
        var group: [Int] = []
        var groupEnd = 0
        let requests = recording.requests
        for index in requests.indices where requests[index].isReplayable {
            if requests[index].line > groupEnd {
                add(group, of: requests, to: &rounds)
                group = []
            }
            group.append(index)
            groupEnd = max(groupEnd, requests[index].answerLine)
        }
        add(group, of: requests, to: &rounds)
        return rounds
    }

    /// A request alone goes into the last round, if that is of the same vCPU's; others make a round.
    private static func add(_ group: [Int], of requests: [RecordedRequest], to rounds: inout [ReplayRound]) {
        guard let first = group.first else { return }
        let vcpu = requests[first].request.vcpu ?? VCPUID(0)
        if group.count == 1, let last = rounds.last, last.vcpu == vcpu, last.hasRoom {
            rounds[rounds.count - 1].append(first, requests[first])
            return
        }
        var round = ReplayRound()
        let vcpus = group.map { requests[$0].request.vcpu ?? VCPUID(0) }
        for vcpu in Set(vcpus).sorted(by: { $0.rawValue < $1.rawValue }) {
            round.script += "vcpu \(vcpu.rawValue)\n"
            for (index, own) in zip(group, vcpus) where own == vcpu { round.append(index, requests[index]) }
        }
        // Others may join what one vCPU does, and nothing else.
        round.vcpu = Set(vcpus).count == 1 ? vcpu : nil
        rounds.append(round)
    }

    /// The first access of the script, as a sandbox can explain it: who gets it tells whether the device model serves.
    public var firstAccess: String? {
        for line in script.utf8.split(separator: UInt8(ascii: "\n")) {
            let isAccess = ["in ", "out ", "load ", "store ", "rep ", "pci "].contains { line.starts(with: $0.utf8) }
            if isAccess, !line.starts(with: "out 0xcf8 ".utf8) { return String(decoding: Array(line), as: UTF8.self) }
        }
        return nil
    }

    private var hasRoom: Bool { script.utf8.count < Self.scriptBytesMax && requestCount < Self.requestsMax }

    private mutating func append(_ index: Int, _ recorded: RecordedRequest) {
        requestCount += 1
        for (line, step) in recorded.replaySteps {
            script += line
            script += "\n"
            steps[recorded.request.vcpu ?? VCPUID(0), default: []].append(PlacedStep(request: index, step: step))
        }
    }
}

extension RecordedRequest {
    /// Elements of a string that a script takes.
    private static let elementsMax = 4096

    /// Whether a guest of the sandbox can do it, and there is an answer to compare. One whose buffer could not be
    /// looked into, on either side, has none.
    public var isReplayable: Bool {
        guard let answer else { return false }
        if request.type == .pci {
            let register = PCIRegister(ioreqAddress: request.address)
            guard request.byteCount <= 4, register.offset < 0x1000 else { return false }
            if request.guestBuffer != nil, register.offset >= 0x100 || register.function.segment != 0 { return false }
        }
        if request.guestBuffer == nil { return request.count == 1 }
        return request.count <= Self.elementsMax && (request.isRead ? answer : request.values).count == request.count
    }

    /// The lines of its script.
    fileprivate var replaySteps: [(String, ReplayRound.Step)] {
        if let buffer = request.guestBuffer { return string(buffer) }
        let place = "\(Self.text(request.address)) \(request.byteCount)"
        let value = Self.text((request.isRead ? answer?.first : request.values.first) ?? 0)
        let step: ReplayRound.Step = request.isRead ? .read(answer?.first ?? 0) : .write
        if request.type == .pci {
            let register = PCIRegister(ioreqAddress: request.address)
            let place = "\(Self.text(register.function)) \(Self.text(UInt64(register.offset))) \(request.byteCount)"
            return [(request.isRead ? "pci read \(place)" : "pci write \(place) \(value)", step)]
        }
        if request.isRead { return [((request.type == .port ? "in " : "load ") + place, step)] }
        return [((request.type == .port ? "out " : "store ") + place + " " + value, step)]
    }

    private func string(_ buffer: UInt64) -> [(String, ReplayRound.Step)] {
        var steps: [(String, ReplayRound.Step)] = []
        let bytes = bytes(of: request.isRead ? answer ?? [] : request.values)
        let low = Self.text(request.bufferBytes?.lowerBound ?? buffer)
        if !request.isRead { steps.append(("write \(low)\(bytes)", .preparation)) }
        let tail = request.isDescending ? " down" : ""
        let amount = "\(request.byteCount) count \(request.count)"
        let memory = Self.text(buffer)
        var address = Self.text(request.address)
        if request.type == .pci {
            let register = PCIRegister(ioreqAddress: request.address)
            let function = UInt64(register.function.rawValue & 0xffff) << 8
            let latched = 0x8000_0000 | function | UInt64(register.offset & 0xfc)
            steps.append(("out 0xcf8 4 \(Self.text(latched))", .preparation))
            address = Self.text(UInt64(0xcfc + register.offset & 3))
        }
        switch (request.type == .memory, request.isRead) {
        case (true, true): steps.append(("rep movs \(memory) \(amount) from \(address)\(tail)", .write))
        case (true, false): steps.append(("rep movs \(address) \(amount) from \(memory)\(tail)", .write))
        case (false, true): steps.append(("rep ins \(address) \(amount) to \(memory)\(tail)", .write))
        case (false, false): steps.append(("rep outs \(address) \(amount) from \(memory)\(tail)", .write))
        }
        if request.isRead { steps.append(("expect memory \(low)\(bytes)", .memory)) }
        return steps
    }

    /// The elements as they lie in memory, from the lowest address on: ` 0a 0b`.
    private func bytes(of values: [UInt64]) -> String {
        var text: [UInt8] = []
        for value in request.isDescending ? values.reversed() : values {
            for index in 0..<request.byteCount {
                let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
                text.append(UInt8(ascii: " "))
                for digit in [byte >> 4, byte & 15] {
                    text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func text(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    /// As scripts have it: `00:04.0`, or `0001:00:04.0` in another segment than 0.
    private static func text(_ function: PCIAddress) -> String {
        func digits(_ value: UInt32, _ width: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let tail = "\(digits(UInt32(function.bus), 2)):\(digits(UInt32(function.device), 2)).\(function.function)"
        return function.segment == 0 ? tail : "\(digits(UInt32(function.segment), 4)):\(tail)"
    }
}
