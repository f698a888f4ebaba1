// Converts files with variables from the shell, for Tests/UEFIPeers/formats to ask other programs about them.
// Not for users: `varstore` is. Status 0: done; 1: the file was refused, with the reason on standard error; 2: usage.

import SystemCalls
import UEFIAuthentication
import UEFIVariables
import VariableFormats

@main
struct FormatsTest {
    static let usage = """
        usage: uefi-formats-test convert IN OUT FORMAT [--keep-private] [--force] [--small] [--into FILE]
               uefi-formats-test show FILE
               uefi-formats-test sample SEED OUT FORMAT
               uefi-formats-test auth-read FILE PAYLOAD
               uefi-formats-test auth-write PAYLOAD OUT
               uefi-formats-test certificates
        FORMAT: blob, b64, json, fd

        """

    static func main() {
        var arguments = Arguments(Array(CommandLine.arguments.dropFirst()))
        do {
            switch (arguments.next(), arguments.rest.count) {
            case ("convert", 3...): try convert(&arguments)
            case ("show", 1): try show(arguments.next())
            case ("sample", 3): try sample(&arguments)
            case ("auth-read", 2): try readAuth(arguments.next(), arguments.next())
            case ("auth-write", 2): try writeAuth(arguments.next(), arguments.next())
            case ("certificates", 0): certificates()
            default: throw Failure.usage
            }
        } catch {
            say(error as? Failure == .usage ? usage : "refused: \(error)\n", to: .error)
            exitProgram(error as? Failure == .usage ? 2 : 1)
        }
        exitProgram(0)
    }

    // MARK: Verbs

    /// Reads, applies the rules of an import, writes; what is found is said on standard error.
    private static func convert(_ arguments: inout Arguments) throws {
        let (source, target, name) = (arguments.next(), arguments.next(), arguments.next())
        guard let format = VariableFileFormat(rawValue: name) else { throw Failure.usage }
        var rules = ImportRules(authenticator: PKCS7Verifier())
        var size = FirmwareVolume.Size.large
        var into: String?
        while !arguments.rest.isEmpty {
            switch arguments.next() {
            case "--keep-private": rules.keepsPrivate = true
            case "--force": rules.keepsInvalidLists = true
            case "--small": size = .small
            case "--into" where !arguments.rest.isEmpty: into = arguments.next()
            default: throw Failure.usage
            }
        }
        let file = try VariableFile(try readFile(source))
        let (records, findings) = try rules.records(of: file.variables)
        for finding in file.findings + findings { say("\(finding.kind): \(finding.name)\n", to: .error) }
        if let into {
            let volume = try FirmwareVolume(try readFile(into))
            try writeFile(target, try volume.replacingVariables(VariableFile.travelling(records)).volume.bytes)
        } else {
            try writeFile(target, try VariableFile.encode(records, as: format, size: size).bytes)
        }
    }

    /// A line for each variable: GUID, name, attributes, time, digest, data.
    private static func show(_ path: String) throws {
        for variable in try VariableFile(try readFile(path)).variables {
            let record = variable.record
            let parts = [
                record.guid.description, record.name.description, "\(record.attributes.rawValue)",
                hexadecimal(record.timestamp.bytes), hexadecimal(record.digest.bytes), hexadecimal(record.data),
            ]
            say(parts.joined(separator: "|") + "\n")
        }
    }

    private static func sample(_ arguments: inout Arguments) throws {
        let (seed, target, name) = (UInt64(arguments.next()), arguments.next(), arguments.next())
        guard let seed, let format = VariableFileFormat(rawValue: name) else { throw Failure.usage }
        var sample = Sample(seed: seed)
        try writeFile(target, try VariableFile.encode(sample.records(), as: format).bytes)
    }

    /// The time and the length of CertData; the payload goes into a file.
    private static func readAuth(_ path: String, _ target: String) throws {
        let file = try AuthFile(try readFile(path))
        say("\(hexadecimal(file.time.bytes)) \(file.signedData.count)\n")
        try writeFile(target, file.payload)
    }

    /// An unsigned file.
    private static func writeAuth(_ path: String, _ target: String) throws {
        let time = EFITime(year: 2026, month: 11, day: 29, hour: 12)
        try writeFile(target, AuthFile(time: time, payload: try readFile(path)).encoded())
    }

    /// A line for each: SHA-256, bytes, last day, name.
    private static func certificates() {
        for known in MicrosoftCertificate.all {
            say("\(hexadecimal(known.sha256.bytes)) \(known.byteCount) \(known.lastDay) \(known.name)\n")
        }
    }
}
