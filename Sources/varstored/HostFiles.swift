// What is read of the host's files before the rights are given up: keys of a first boot, certificates.
// Source: varstored.md 10.5, 12.2 (step 4), 15.3. Not for: what they are used for (Loading.swift).

internal import SystemCalls
internal import UEFIAuthentication
internal import UEFIVariables
internal import VariableFormats

/// Files of the host, read before the drop.
struct HostFiles {
    /// The keys of a first boot.
    var keys = FirstBootKeys()
    /// Microsoft's certificates that the host has, by what they are.
    var certificates: [MicrosoftCertificate: [UInt8]] = [:]

    /// Where the certificates of 15.3 are.
    static let certificateDirectory = "/usr/share/varstored/certs"
    /// Files in that folder that are looked at, and bytes of one.
    private static let certificateFileCountMax = 64
    private static let certificateByteCountMax = 16384

    /// Reads the keys' files. One that is not there is none; one that is too long or can't be read fails the start.
    static func keys(in directory: String, requiresPKOnly: Bool) throws(StartEnd) -> FirstBootKeys {
        FirstBootKeys(
            dbx: try authFile("\(directory)/dbx.auth"), db: try authFile("\(directory)/db.auth"),
            kek: try authFile("\(directory)/KEK.auth"), pk: try authFile("\(directory)/PK.auth"),
            requiresPKOnly: requiresPKOnly)
    }

    private static func authFile(_ path: String) throws(StartEnd) -> [UInt8]? {
        let bytes: [UInt8]?
        do throws(SystemError) {
            bytes = try read(path, byteCountMax: AuthFile.byteCountMax)
        } catch {
            if error.isAbsence { return nil }
            throw .failed("\(path): \(error)")
        }
        guard let bytes else { throw .failed("\(path) has more than \(AuthFile.byteCountMax) bytes") }
        return bytes
    }

    /// The certificates in a folder, DER or PEM, that are Microsoft's by their hash. What else lies there is nothing;
    /// no folder is none.
    static func certificates(in directory: String) -> [MicrosoftCertificate: [UInt8]] {
        var found: [MicrosoftCertificate: [UInt8]] = [:]
        guard let names = try? directoryNames(path: directory, countMax: certificateFileCountMax) else { return found }
        for name in names {
            guard let bytes = try? read("\(directory)/\(name)", byteCountMax: certificateByteCountMax),
                let der = CertificateText.der(of: bytes),
                let certificate = MicrosoftCertificate.all.first(where: { $0.sha256 == SignerDigest(sha256: der) })
            else { continue }
            found[certificate] = der
        }
        return found
    }

    /// A file's bytes; nil when there are more. Never waits: what is no file has no bytes.
    private static func read(_ path: String, byteCountMax: Int) throws(SystemError) -> [UInt8]? {
        let file = try OwnedDescriptor.open(path: path, .read, .nonBlocking)
        let bytes = try file.read(at: 0, byteCount: byteCountMax + 1)
        return bytes.count > byteCountMax ? nil : bytes
    }
}

extension SystemError {
    /// ENOENT: there is nothing of that name.
    var isAbsence: Bool { code == 2 }
}
