// What is on the other side of a UART: the wire and the interrupt pin.
// Not for: terminals and files (see ConsoleOutput).

/// The outside world of a UART16550. It is called while the guest waits for its access, so it should be quick.
protocol SerialLine: AnyObject {
    /// The guest sent a byte.
    func transmit(_ byte: UInt8)
    /// The interrupt pin changed. It starts low; called on changes only.
    func interrupt(level: Bool)
    /// The receiver was full and has room again.
    func receiverHasRoom()
}

extension SerialLine {
    func receiverHasRoom() {}
}
