// The program: options in, a served serial port out.

@main
enum Program {
    static func main() {
    }
}
