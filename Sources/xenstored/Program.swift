// The Xenstore daemon: options in, one store served. Source: xenstored.md 14.
// Not for: any rule of the store (XenstoreCore), serving (XenstoreServer).

internal import SystemCalls

@main
enum Program {
    static func main() { exitProgram(0) }
}
