// The tools that work on keys one after the other: read, write, list, rm, exists.
// Not for: trees (ListCommand), permissions (PermissionCommand).

internal import XenstoreClient

/// What a mode is asked to do, by its options.
struct ToolSettings: Equatable {
    /// `-p` of read and list: the path before each line; of ls: permissions.
    var prefixes = false
    /// `-R`: values as they are.
    var isRaw = false
    /// `-f`: whole paths.
    var isFlat = false
    /// `-t`: parents that are left empty go too.
    var tidies = false
    /// `-r` and `-u`: what is below, and what is above.
    var recurses = false
    var goesUp = false
    /// `-s`: by a socket alone.
    var usesSocketsOnly = false
    /// `-n`: how many events; below 0: without end.
    var eventCount: Int32 = -1

    /// Takes in an option that the mode has.
    mutating func take(_ letter: UInt8, _ value: [UInt8]) {
        switch letter {
        case UInt8(ascii: "p"): prefixes = true
        case UInt8(ascii: "R"): isRaw = true
        case UInt8(ascii: "f"): isFlat = true
        case UInt8(ascii: "t"): tidies = true
        case UInt8(ascii: "r"): recurses = true
        case UInt8(ascii: "u"): goesUp = true
        case UInt8(ascii: "s"): usesSocketsOnly = true
        case UInt8(ascii: "n"): eventCount = ValueText.number(value)
        default: break
        }
    }
}

/// Does what the tools for keys do.
struct KeyCommands {
    let settings: ToolSettings
    let console: Console

    /// `read KEY...`: values, a line each.
    func read(_ paths: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        for path in paths {
            do throws(XenstoreError) {
                let value = try session.read(path)
                if settings.prefixes { console.write(path + Array(": ".utf8)) }
                console.write(settings.isRaw ? value : ValueText.shown(value) + [0x0A])
            } catch {
                throw ToolFailure("couldn't read path ", path)
            }
        }
    }

    /// `write KEY VALUE...`
    func write(_ words: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            let value = settings.isRaw ? words[index + 1] : ValueText.parsed(words[index + 1])
            do throws(XenstoreError) {
                try session.write(words[index], value)
            } catch {
                throw ToolFailure("could not write path ", words[index])
            }
        }
    }

    /// `list KEY...`: the names of children, a line each.
    func list(_ paths: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        for path in paths {
            do throws(XenstoreError) {
                for name in try session.children(of: path) {
                    if settings.prefixes { console.write(path + [UInt8(ascii: "/")]) }
                    console.write(name + [0x0A])
                }
            } catch {
                throw ToolFailure("could not list path ", path)
            }
        }
    }

    /// `exists KEY...`: says it by its status alone.
    func exists(_ paths: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        for path in paths {
            do throws(XenstoreError) { _ = try session.read(path) } catch { throw ToolFailure.silent }
        }
    }

    /// `rm KEY...`; with `-t` also each parent in turn that has neither a value nor children then.
    func remove(_ paths: [[UInt8]], _ session: ToolSession) throws(ToolFailure) {
        for path in paths {
            var next = path
            while true {
                do throws(XenstoreError) { try session.remove(next) } catch {
                    throw ToolFailure("could not remove path ", next)
                }
                guard settings.tidies, let parent = ToolSession.parent(of: next), isLeftEmpty(parent, session)
                else { break }
                next = parent
            }
        }
    }

    private func isLeftEmpty(_ path: [UInt8], _ session: ToolSession) -> Bool {
        guard let value = try? session.read(path), value.isEmpty, let names = try? session.children(of: path)
        else { return false }
        return names.isEmpty
    }
}
