// The second vCPU.
import Machine

enum Race {
    static func run() -> Never { while true { spin_pause() } }
}
