// Arguments, whole files, lines of text.

import SystemCalls

enum Failure: Error, Equatable {
    case usage
}

/// Takes arguments one by one; there is "" when none is left.
struct Arguments {
    private(set) var rest: [String]

    init(_ arguments: [String]) { rest = arguments }

    mutating func next() -> String { rest.isEmpty ? "" : rest.removeFirst() }
}

func readFile(_ path: String) throws -> [UInt8] {
    let file = try OwnedDescriptor.open(path: path, .read)
    return try file.read(at: 0, byteCount: try file.byteCount())
}

func writeFile(_ path: String, _ bytes: [UInt8]) throws { try replaceFile(path: path, with: bytes.span) }

/// A closed standard output is nothing that could be reported.
func say(_ text: String, to stream: StandardStream = .output) { try? stream.write(text) }

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
