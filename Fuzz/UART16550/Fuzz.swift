// modules: XenABI StatisticsPage XenPlatform XenDeviceModel
// sources: Examples/SerialConsole/UART16550.swift Examples/SerialConsole/UARTRegisters.swift
// sources: Examples/SerialConsole/ReceiveFIFO.swift Examples/SerialConsole/SerialLine.swift
// sources: Examples/SerialConsole/ConsoleText.swift
// The serial port and the console's text against any guest: no trap, the interrupt pin follows the registers, a port
// that loops sends nothing, and no byte that a terminal obeys gets shown.
// Not for: what drivers expect of a 16550A (Tests/SerialConsoleTests).

import XenDeviceModel

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer gives `count` readable bytes at `start`, which stay until we return.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let kind = bytes.first else { return 0 }
    if kind & 1 == 0 {
        Guest(Array(bytes.dropFirst())).run()
    } else {
        checkText(Array(bytes.dropFirst()), finishes: kind & 2 != 0)
    }
    return 0
}

/// What must hold whatever a guest does. A breach ends the run, and libFuzzer keeps the input.
func hold(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { fatalError("broken rule: \(rule())") }
}

/// Shows `bytes` with and without escaping.
private func checkText(_ bytes: [UInt8], finishes: Bool) {
    let prefix = "g| "
    var text = ConsoleText(prefix: prefix, escaping: true)
    var plain = ConsoleText(prefix: prefix, escaping: false)
    var shown: [UInt8] = []
    var raw: [UInt8] = []
    for byte in bytes {
        let before = shown.count
        text.append(byte, to: &shown)
        plain.append(byte, to: &raw)
        // A byte that ends a broken character is shown along with up to three before it and a carriage return.
        hold(shown.count - before <= 6 * (4 + prefix.utf8.count), "a byte does not become many")
    }
    if finishes {
        text.finish(to: &shown)
        plain.finish(to: &raw)
        hold(shown.isEmpty || shown.last == UInt8(ascii: "\n"), "finishing ends the line")
    }
    guard let valid = String(validating: shown, as: UTF8.self) else {
        fatalError("broken rule: what is shown is UTF-8")
    }
    for scalar in valid.unicodeScalars where scalar != "\n" && scalar != "\t" {
        hold(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value), "no control character is shown")
    }
    for line in shown.split(separator: UInt8(ascii: "\n")) {
        hold(line.starts(with: prefix.utf8), "each line has its prefix")
    }
    let lines = raw.split(separator: UInt8(ascii: "\n"))
    hold(lines.allSatisfy { $0.starts(with: prefix.utf8) }, "each line has its prefix, not escaped too")
}
