// A program for dom0 of the lab: proves XenstoreClient on a real server, by its socket and by the kernel's device.
// Prints TAP. `xen-xenstore-test` runs the rows; `... read|write|list socket|device PATH [VALUE]` does one thing, for
// the script that compares with the C tools.

import SystemCalls
import TAP
import XenstoreClient
import XenstoreWire

/// How to get to the server.
enum Way: String {
    case socket, device

    var path: String { self == .socket ? "/run/xenstored/socket" : "/dev/xen/xenbus" }
    func connect() throws(XenstoreError) -> XenstoreClient { try XenstoreClient.connect(to: path) }
}

@main
struct XenstoreTest {
    static func main() {
        let words = CommandLine.arguments
        if words.count > 1 { exitProgram(command(Array(words.dropFirst()))) }
        let tap = TAP()
        for way in [Way.socket, .device] {
            let rows = Rows(tap, way)
            rows.run("") { () throws(XenstoreError) in
                let client = try way.connect()
                let other = try Way.socket.connect()
                try other.mkdir(rows.top)
                try other.rm(rows.top)
                try rows.nodes(client, other)
                try rows.lists(client, other)
                try rows.domains(client)
                try rows.watches(client, other)
                try rows.transactions(client, other)
                try other.rm(rows.top)
            }
        }
        rowsOfLimits(tap)
        rowsOfDevice(tap)
        rowsOfFinding(tap)
        exitProgram(tap.finish())
    }

    private static func command(_ words: [String]) -> Int32 {
        guard words.count >= 3, let way = Way(rawValue: words[1]) else { return 64 }
        do throws(XenstoreError) {
            let client = try way.connect()
            switch words[0] {
            case "read": say(String(decoding: try client.read(words[2]), as: UTF8.self))
            case "write" where words.count > 3: try client.write(words[2], words[3])
            case "list": try list(client, words[2])
            default: return 64
            }
            return 0
        } catch {
            say(error.description)
            return 1
        }
    }

    /// As `xenstore-ls -f` does it, one line for each node below a path, in the server's order.
    private static func list(_ client: XenstoreClient, _ path: String) throws(XenstoreError) {
        for name in try client.directory(path) {
            let child = path == "/" ? "/" + name : path + "/" + name
            say("\(child) = \"\(String(decoding: try client.read(child), as: UTF8.self))\"")
            try list(client, child)
        }
    }

    private static func say(_ line: String) {
        do throws(SystemError) { try StandardStream.output.write(line + "\n") } catch { exitProgram(2) }
    }
}

/// The rows of one way, below a node of its own.
struct Rows {
    let tap: TAP
    let way: Way
    let top: String

    init(_ tap: TAP, _ way: Way) {
        self.tap = tap
        self.way = way
        top = "/corbel-test/\(way.rawValue)"
    }

    func row(_ holds: Bool, _ text: String, _ detail: String = "") {
        tap.check(holds, "\(way.rawValue): \(text)", detail: detail)
    }

    /// A row about a refusal.
    func refused(_ code: XenstoreErrorCode, _ text: String, _ body: () throws(XenstoreError) -> Void) {
        do throws(XenstoreError) {
            try body()
            row(false, text, "not refused")
        } catch {
            row(error == .refused(code), text, error.description)
        }
    }

    /// Runs rows; an error that none of them expects is one that failed.
    func run(_ text: String, _ body: () throws(XenstoreError) -> Void) {
        do throws(XenstoreError) { try body() } catch { row(false, "no error \(text)", error.description) }
    }
}
