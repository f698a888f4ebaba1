// A hostile guest's other vCPU: writes random bytes over everything that is shared, while the library reads it.

import Glibc
import Synchronization

/// A thread that scribbles until it is told to stop.
@safe
final class Mutator {
    private static let isRunning = Atomic(false)
    private static let rounds = Atomic<UInt64>(0)
    nonisolated(unsafe) private static var slots: UnsafeMutableRawPointer?
    nonisolated(unsafe) private static var ram: UnsafeMutableRawPointer?
    private var thread = pthread_t()

    /// How often it has scribbled.
    static var count: UInt64 { rounds.load(ordering: .relaxed) }

    init(_ xen: TirelessXen) {
        unsafe Self.slots = xen.slot(0)
        unsafe Self.ram = xen.ram
        Self.isRunning.store(true, ordering: .releasing)
        // SAFETY: the thread is joined in stop(), before what it writes to goes away.
        let status = unsafe pthread_create(
            &thread, nil,
            { _ in
                Mutator.scribble()
                return nil
            }, nil)
        precondition(status == 0, "a thread can be had")
    }

    func stop() {
        Self.isRunning.store(false, ordering: .releasing)
        pthread_join(thread, nil)
    }

    /// Two slots and the first four pages of memory; also the state, so that slots come and go at any time.
    private static func scribble() {
        guard let slots = unsafe slots, let ram = unsafe ram else { return }
        var random = SplitMix(seed: 7)
        while isRunning.load(ordering: .relaxed) {
            for _ in 0..<64 {
                let word = random.next()
                let offset = Int(word >> 32 & 63)
                unsafe slots.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: offset, as: UInt8.self)
                let place = Int(word >> 40) % (4 * 4096)
                unsafe ram.storeBytes(of: UInt8(truncatingIfNeeded: word >> 8), toByteOffset: place, as: UInt8.self)
            }
            rounds.wrappingAdd(1, ordering: .relaxed)
        }
    }
}

/// Random numbers from a seed (SplitMix64).
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
