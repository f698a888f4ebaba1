// xenstore-load.
// Not for: serving.

internal import SystemCalls

@main
enum Program {
    static func main() { exitProgram(0) }
}
