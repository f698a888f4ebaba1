// The trace log as options, signals and control commands switch it (xenstored.md 12, 14.1, 14.4).
// Not for: its lines (TraceLog).

public import SystemCalls

extension TraceLog: TraceControl {
    public var isOn: Bool {
        get { wantsLines && file.isOpen }
        set { wantsLines = newValue }
    }

    /// Whether there is a file to write to.
    public var hasFile: Bool { file.isOpen }

    /// Whether lines of a switch are written (xenstored.md 12, `log`).
    public func isOn(_ name: TraceSwitch) -> Bool { switches.contains(name) }

    /// Turns a switch on or off.
    public func set(_ name: TraceSwitch, on: Bool) {
        if on { switches.insert(name) } else { switches.remove(name) }
    }

    /// Goes on in another file, or begins; false, and a line in the log, when it can't be opened.
    public func openFile(_ name: String) -> Bool {
        do throws(SystemError) {
            try open(name)
            return true
        } catch {
            server(tell: name, error)
            return false
        }
    }

    /// Goes on in this file, and begins if there was none. Throws what opening answers; all is as it was then.
    public func open(_ name: String) throws(SystemError) {
        let path = path(of: name)
        try file.open(path)
        attach()
    }

    /// Opens the file's name anew, for who has moved the file (SIGHUP).
    public func reopen() {
        do throws(SystemError) {
            try file.reopen()
        } catch {
            server(tell: file.path ?? "", error)
        }
    }

    /// Writes lines to the trace file (nil), or to another one, at once; false when there is none, or opening fails.
    public func write(_ lines: [String], to name: String?) -> Bool {
        guard let name else {
            guard file.isOpen else { return false }
            for line in lines { file.add(Array(line.utf8)) }
            file.flush()
            return true
        }
        do throws(SystemError) {
            let report = try OwnedDescriptor.open(path: path(of: name), .write, [.create, .truncate, .nonBlocking])
            try report.writeAll(Array(lines.map { $0 + "\n" }.joined().utf8).span)
            return true
        } catch {
            server(tell: name, error)
            return false
        }
    }

    /// A relative name lies in the directory, which is made when there is none.
    private func path(of name: String) -> String {
        if name.hasPrefix("/") { return name }
        var path = ""
        for part in directory.split(separator: "/") {
            path += "/\(part)"
            // It is there, or opening the file says why not.
            try? makeDirectory(path: path, permissions: 0o755)
        }
        return "\(directory)/\(name)"
    }
}
