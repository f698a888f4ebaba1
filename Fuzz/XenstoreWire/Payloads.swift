// Paths and payloads from arbitrary bytes: what is taken obeys the rules as a naive reader has them, and is written as
// it was read.
// Not for: streams of messages (Fuzz).

import XenstoreWire

/// Rules of paths, said in another way: split at slashes.
private func isPath(_ path: [UInt8], isGuest: Bool, allowsSpecial: Bool) -> Bool {
    let text = String(decoding: path, as: UTF8.self)
    guard !path.isEmpty, text.unicodeScalars.allSatisfy({ $0.isASCII }) else { return false }
    let names = text.split(separator: "/", omittingEmptySubsequences: false)
    let first: ArraySlice<Substring> = text.hasPrefix("/") ? names.dropFirst() : names[...]
    let isRoot = text == "/"
    guard isRoot || first.allSatisfy({ name in !name.isEmpty && name.utf8.allSatisfy(isNameByte) }) else {
        return false
    }
    if text.hasPrefix("@") && !allowsSpecial { return false }
    let whole = text.hasPrefix("/") || text.hasPrefix("@") ? text : "/local/domain/7/" + text
    if whole.utf8.count > 3072 { return false }
    guard isGuest else { return true }
    let parts = whole.split(separator: "/", maxSplits: 4, omittingEmptySubsequences: false)
    let isHome =
        parts.count == 5 && parts[0].isEmpty && parts[1] == "local" && parts[2] == "domain"
        && (1...5).contains(parts[3].utf8.count) && parts[3].utf8.allSatisfy { (48...57).contains($0) }
    return (isHome ? parts[4].utf8.count : whole.utf8.count) <= 2048
}

private func isNameByte(_ byte: UInt8) -> Bool {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@".utf8.contains(byte)
}

func checkPath(_ path: [UInt8], isGuest: Bool, allowsSpecial: Bool) {
    var result: [UInt8] = [1]
    do throws(XenstorePathError) {
        try XenstorePath.canonicalize(
            path.span, home: 7, guestByteCountMax: isGuest ? 2048 : nil, allowsSpecial: allowsSpecial, into: &result)
        hold(isPath(path, isGuest: isGuest, allowsSpecial: allowsSpecial), "what is taken is a path")
        hold(result.suffix(path.count) == path[...], "a path ends as it was named")
        hold(result.count == path.count || result.count == path.count + 16, "a home is before it, or nothing")
        let first = result
        try XenstorePath.canonicalize(
            first.span, home: 9, guestByteCountMax: isGuest ? 2048 : nil, allowsSpecial: allowsSpecial, into: &result)
        hold(first == result, "a whole path stands for itself")
    } catch {
        hold(!isPath(path, isGuest: isGuest, allowsSpecial: allowsSpecial), "what is refused is no path")
    }
}

func checkPayload(_ payload: [UInt8]) {
    checkStrings(payload)
    if let entries = XenstorePermission.list(payload.span) {
        var writer = XenstoreWriter()
        for entry in entries { writer.put(entry) }
        hold(XenstorePermission.list(writer.bytes.span) == entries, "permissions are written as they were read")
    }
    if let event = XenstoreWatchEvent(payload: payload.span) {
        hold(event.path + [0] + event.token + [0] == payload, "an event is its path and its token")
    }
    if let part = XenstoreDirectoryPart(payload.span) {
        hold(part.names.lowerBound >= 2 && part.names.upperBound <= payload.count, "names lie in the payload")
        hold(!part.isLast || payload.last == 0, "the end is a NUL")
    }
    var names: [UInt8] = []
    do throws(XenstoreListError) {
        try XenstoreNames.forEach(in: payload.span, 0..<payload.count) { names += payload[$0] + [0] }
        hold(names == payload, "a list is its names")
    } catch {
        hold(error.offset >= 0 && error.offset <= payload.count, "an error's place lies in the payload")
    }
    _ = XenstoreErrorCode(payload: payload.span)
    checkPath(payload, isGuest: payload.count & 1 == 0, allowsSpecial: payload.count & 2 == 0)
}

private func checkStrings(_ payload: [UInt8]) {
    let pieces = payload.split(separator: 0, omittingEmptySubsequences: false)
    hold(XenstoreText.nulCount(payload.span) == pieces.count - 1, "each NUL is counted")
    var strings: [ArraySlice<UInt8>] = []
    XenstoreText.forEachString(in: payload.span) { strings.append(payload[$0]) }
    hold(strings == pieces.dropLast(), "the strings are what stands before the NULs")
    let isOne = pieces.count == 2 && pieces[1].isEmpty
    hold((XenstoreText.one(payload.span) != nil) == isOne, "one string is one NUL, at the end")
    if let found = XenstoreText.stringAndOctets(payload.span) {
        hold(payload[found.string] + [0] + payload[found.octets] == payload[...], "octets are the rest")
    }
    let text = String(decoding: payload, as: UTF8.self)
    let isDigits = !payload.isEmpty && payload.allSatisfy { (48...57).contains($0) }
    let number = XenstoreText.number(payload.span, 0..<payload.count, max: .max)
    hold(number == (isDigits ? UInt64(text) : nil), "a number is its digits")
    if let domain = XenstoreText.domain(payload.span, 0..<payload.count) {
        hold(number == UInt64(domain), "a domain is a number of 16 bits")
    }
}
