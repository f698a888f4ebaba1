// The folder of statistics pages: what lies there, whose process lives, and what can go.
// Not for: what the pages say (StatisticsPage).

public import StatisticsPage
public import SystemCalls

/// A page that was found.
public struct FoundPage: Sendable {
    /// The file.
    public var path: String
    /// Whether its process lives, by the lock on the file.
    public var isLive: Bool
    /// What it says.
    public var page: StatisticsSnapshot
}

/// A file in the folder that is no page, and why.
public struct UnreadablePage: Sendable {
    /// The file.
    public var path: String
    /// Why, in a few words.
    public var reason: String
}

/// Reading the pages of all processes.
public enum StatisticsFolder {
    /// Where processes publish.
    public static var standardPath: String { "/run/corbel" }
    /// How the name of a page ends.
    public static var suffix: String { ".page" }
    /// Files that are looked at, at most: a folder full of rubbish must not keep anybody.
    public static var pageCountMax: Int { 1024 }
    /// How often a page is read again that was being written.
    private static var attemptsMax: Int { 16 }

    /// Makes the folder, for all to read, unless it is there.
    static func make(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try makeDirectory(path: path, permissions: 0o755)
        } catch {
            if error.code == 17 { return }  // EEXIST
            throw error
        }
        try OwnedDescriptor.open(path: path, .read, [.directory, .noFollow]).setPermissions(0o755)
    }

    /// All pages, by path, and what could not be read. Throws what opening the folder answers: ENOENT when nobody has
    /// published yet.
    public static func read(
        _ folder: String = standardPath, countMax: Int = pageCountMax
    ) throws(SystemError) -> (pages: [FoundPage], unreadable: [UnreadablePage]) {
        var pages: [FoundPage] = []
        var unreadable: [UnreadablePage] = []
        let names = try directoryNames(path: folder, countMax: countMax)
        for name in names where hasSuffix(name) {
            let path = folder + "/" + name
            switch readPage(path) {
            case .page(let page): pages.append(page)
            case .gone: break
            case .unreadable(let reason): unreadable.append(UnreadablePage(path: path, reason: reason))
            }
        }
        pages.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        unreadable.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return (pages, unreadable)
    }

    /// Removes pages of processes that are gone and that left nothing: none of the servers on such a page is in Xen any
    /// more, or another page has it now. `isThere` says whether a domain has a server of ours with that id; nil when
    /// that can't be known, and then the page stays. Answers the pages that are left.
    @discardableResult
    public static func tidy(
        _ pages: [FoundPage], isThere: (_ domain: UInt16, _ server: UInt16) -> Bool?
    ) -> [FoundPage] {
        pages.filter { page in
            if page.isLive { return true }
            let leftOver = page.page.servers.contains { server in
                let (domain, id) = (server.record.domain, server.record.id)
                let owner = ServerOwner(of: id, domain: domain, among: pages)
                return owner.path == page.path && isThere(domain, id) != false
            }
            // Names are never used again, so what is removed is what was looked at.
            if !leftOver { try? removeFile(path: page.path) }
            return leftOver
        }
    }

    /// What became of reading a page.
    private enum Reading {
        case page(FoundPage)
        /// Its file went away meanwhile.
        case gone
        case unreadable(String)
    }

    private static func readPage(_ path: String) -> Reading {
        var last: StatisticsPageError?
        for _ in 0..<attemptsMax {
            do throws(SystemError) {
                switch try look(at: path) {
                case .success(let page): return .page(page)
                case .failure(let fault): last = fault
                }
            } catch {
                return error.code == 2 ? .gone : .unreadable(error.description)  // ENOENT
            }
            if let last, !last.isTransient { break }
        }
        return .unreadable(last?.words ?? "")
    }

    /// One look. Read, not mapped: of a mapped file somebody could cut a piece off and kill the reader.
    private static func look(at path: String) throws(SystemError) -> Result<FoundPage, StatisticsPageError> {
        let file = try OwnedDescriptor.open(path: path, .read, [.noFollow, .nonBlocking])
        // Its kind and size first: what is no page is not read.
        guard try file.isRegularFile(), try file.byteCount() == PageLayout.pageByteCount else {
            return .failure(StatisticsPageError(.size, at: 0))
        }
        let isLive = try file.isLockedElsewhere()
        let bytes = try readAll(file)
        do throws(StatisticsPageError) {
            return .success(FoundPage(path: path, isLive: isLive, page: try StatisticsSnapshot(bytes)))
        } catch {
            return .failure(error)
        }
    }

    /// The file's bytes, in one read as an ordinary file gives them; fewer when it was cut meanwhile.
    private static func readAll(_ file: borrowing OwnedDescriptor) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: PageLayout.pageByteCount)
        var span = bytes.mutableSpan
        let count = try file.read(into: &span)
        return count == bytes.count ? bytes : Array(bytes[..<count])
    }

    /// By bytes: comparing strings would bring Unicode's tables into Embedded Swift.
    private static func hasSuffix(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count > suffix.utf8.count, bytes.first != UInt8(ascii: ".") else { return false }
        return bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}

extension StatisticsPageError {
    /// A few words for people.
    public var words: String {
        switch reason {
        case .size: "not the size of a page"
        case .magic: "no statistics page"
        case .version: "a layout that this program does not know"
        case .beingWritten: "its process has stopped in the middle of writing it"
        case .checksum: "damaged: its checksum is not that of its bytes"
        case .field: "damaged: impossible value at byte \(offset)"
        }
    }
}
