// Where packages come from: the mirror in apt's answer, apt's lists of packages and files, what its errors mean.
import Foundation
import Testing

@testable import LabKit

@Suite struct PackageSourceTests {
    private func candidates(_ lines: [String], known: [String] = []) throws -> [String] {
        let text = lines.map { "'\($0)' name_of_a_list 0 \n" }.joined()
        return DebianMirror.candidates(text, known: try known.map { try DebianMirror($0) }).map(\.base)
    }

    @Test func theMirrorIsTheBaseOfAPlainSuiteOfDebians() throws {
        #expect(
            try candidates([
                "http://a.example/debian-security/dists/bookworm-security/InRelease",
                "http://b.example/debian/dists/bookworm/InRelease", "http://b.example/debian/dists/sid/InRelease",
                "http://b.example/debian/dists/bookworm-updates/InRelease",
                "http://b.example/debian/dists/bookworm/main/binary-amd64/Packages.xz",
                "https://c.example/apt/dists/cloud-sdk-bookworm/InRelease",
                "https://d.example/node/dists/nodistro/InRelease", "cdrom:[Debian]/dists/bookworm/InRelease",
            ]) == ["http://b.example/debian"])
        #expect(try candidates(["http://u.example/ubuntu/dists/noble/InRelease"]).isEmpty)
        #expect(DebianMirror.candidates("E: no'thing\n'http://x/dists/bookworm").isEmpty)
    }

    @Test func whoOnlyUsesDebiansNamesComesLast() throws {
        let lines = [
            "https://docker.example/linux/debian/dists/bookworm/InRelease",
            "http://b.example/debian/dists/stable/InRelease", "http://c.example/debian/dists/bookworm/InRelease",
            "http://c.example/debian/dists/bookworm-backports/InRelease",
        ]
        let (docker, b, c) = (
            "https://docker.example/linux/debian", "http://b.example/debian", "http://c.example/debian"
        )
        #expect(try candidates(lines) == [c, docker, b])
        #expect(try candidates(lines, known: [b + "/"]) == [b, c, docker])
    }

    @Test func aMirrorFileOfAptsIsAMirror() throws {
        #expect(
            try candidates(["mirror+file:/etc/apt/mirrors/debian.list/dists/trixie/InRelease"]) == [
                "mirror+file:/etc/apt/mirrors/debian.list"
            ])
    }

    @Test func aMirrorIsAnAddress() throws {
        #expect(try DebianMirror("http://h/debian//").base == "http://h/debian")
        #expect(try DebianMirror("file:/srv/debian").base == "file:/srv/debian")
        for text in ["", "debian", "http", "http://h/a b", "http://h/\nTrusted: yes", ":/x", "ht tp://x"] {
            #expect(throws: LabError.self) { try DebianMirror(text) }
        }
    }

    @Test func theEnvironmentMayNameSome() throws {
        func mirrors(_ environment: [String: String]) throws -> [String] {
            try DebianMirror.ofEnvironment(environment).map(\.base)
        }
        #expect(try mirrors(["CORBEL_DEBIAN_MIRROR": "http://h/d"]) == ["http://h/d"])
        #expect(try mirrors(["CORBEL_DEBIAN_MIRROR": " http://h/d/  file:/e "]) == ["http://h/d", "file:/e"])
        #expect(try mirrors(["CORBEL_DEBIAN_MIRROR": ""]).isEmpty)
        #expect(try mirrors([:]).isEmpty)
        #expect(throws: LabError.self) { try mirrors(["CORBEL_DEBIAN_MIRROR": "http://h/d nonsense"]) }
    }

    @Test func withoutDebiansKeysNothingIsFetched() throws {
        let error = try #require(throws: LabError.self) { try DebianKeyring.find(["/nowhere/keys.gpg"]) }
        #expect(error.remedy == "sudo apt-get install debian-archive-keyring")
        #expect(try DebianKeyring.find(["/nowhere", "/etc/passwd"]) == "/etc/passwd")
    }

    @Test func aptsListOfFilesIsRead() {
        let text = """
            'http://deb.debian.org/debian/pool/b_1_amd64.deb' b_1%3a1_amd64.deb 928188 SHA256:3D3F
            W: something else
            'http://deb.debian.org/x.deb' x.deb 10 MD5Sum:00
            'http://deb.debian.org/x.deb' ../x.deb 10 SHA256:00
            """
        #expect(
            PackageDownload.items(text) == [.init(name: "b_1%3a1_amd64.deb", bytes: 928188, sha256: "3d3f")])
    }

    @Test func librariesOfLibrariesAreFound() {
        let text = """
            xen-utils
              PreDepends: libinit1
              Depends: libxen
             |Depends: libeither1
              Depends: libor2
              Depends: python3
              Depends: <libvirtual>
                libprovider
              Suggests: libnever
            libxen
              Depends: zlib1g
              Depends: libxen
            python3
              Depends: libpython3
            """
        #expect(
            PackageDownload.closure(of: ["xen-utils"], text) == [
                "xen-utils", "libinit1", "libxen", "libeither1", "libor2", "zlib1g",
            ])
    }

    @Test(arguments: [
        (
            "W: Failed to fetch http://h/debian/dists/trixie/InRelease  Temporary failure resolving 'h'\nE: Some index",
            LabError.Reason.unreachable, "can't be reached: Temporary failure resolving 'h'"
        ),
        (
            "E: Failed to fetch http://h/pool/x.deb  404  Not Found [IP: 1.2.3.4 80]", .missingPackage,
            "404  Not Found [IP: 1.2.3.4 80]"
        ),
        (
            "W: GPG error: http://h trixie InRelease: couldn't be verified: NO_PUBKEY 6ED0\nE: The repository 'x'",
            .unsigned, "The repository 'x'"
        ),
        ("E: Unable to locate package xen-utils-4.20", .failed, "Unable to locate package xen-utils-4.20"),
        ("", .failed, "it ended with status 137"),
    ])
    func aptsErrorsAreToldApart(said: String, reason: LabError.Reason, words: String) {
        let error = AptComplaint(said, status: 137).error(mirror: "http://h/debian", suite: "trixie")
        #expect(error.reason == reason)
        #expect(error.message.hasSuffix(words))
        #expect(error.message.contains("http://h/debian"))
        #expect(error.remedy?.contains("--mirror") == true)
    }

    @Test func theRateIsOfTheTimeThatItTook() {
        #expect(DownloadRate(bytes: 12_300_000, total: 74_100_000, seconds: 2).text == "12 of 75 MB, 6.2 MB/s")
        #expect(DownloadRate(bytes: 0, total: 1_000_000, seconds: 0).text == "0 of 2 MB")
    }
}
