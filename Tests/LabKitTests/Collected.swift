// Bytes that another thread hands over.
import Foundation
import Synchronization

final class Collected: Sendable {
    private let bytes = Mutex(Data())

    var all: Data { bytes.withLock { $0 } }

    func add(_ piece: Data) -> Bool {
        bytes.withLock { $0 += piece }
        return true
    }
}
