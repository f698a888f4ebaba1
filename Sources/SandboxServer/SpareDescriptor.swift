// A descriptor in reserve: with it a connection that there is no room for can be taken, told so and closed, instead of
// waiting at the door for ever, where the loop would find it again and again.

internal import SystemCalls

/// A descriptor that is given up when there are no others, and had again afterwards.
struct SpareDescriptor: ~Copyable {
    private var reserve: OwnedDescriptor?

    init() { reserve = Self.fresh() }

    /// Does something that takes one descriptor and gives it back.
    mutating func lend(_ body: () -> Void) {
        if let reserve = reserve.take() { reserve.close() }
        body()
        reserve = Self.fresh()
    }

    private static func fresh() -> OwnedDescriptor? { try? OwnedDescriptor.open(path: "/dev/null", .read) }
}
