// How rows are run and told of, on blocks made for that.

import HypervisorModel
import Testing
import XenABI

@testable import ConformanceSuite

@Suite("Running rows") struct RunnerTests {
    private func run(
        _ blocks: [ConformanceBlock], _ release: Release = .standard, only: Set<String>? = nil
    ) throws -> [String] {
        var lines: [String] = []
        var selection = RowSelection()
        selection.only = only
        let tally = ConformanceRunner(try ModelHost(release), selection).run(blocks) {
            lines.append(ConformanceReport.line($0))
        }
        return lines + [ConformanceReport.summary(tally)]
    }

    @Test("the first step that answers something else fails its row, and is told with what came instead")
    func failing() throws {
        let row = ConformanceRow(
            "A1", "wrong", "3.1", .create(0).gives(0), .create(0).gives(.enospc), .create(0).gives(.enospc))
        let next = ConformanceRow("A2", "right", "3.1", .create(0).gives(2))
        let lines = try run([ConformanceBlock("a block", on: .pausedPVH, rows: [row, next])])
        #expect(
            lines == [
                "not ok A1 wrong # 1 vCPU, step 2, create(0): expected ENOSPC, got 1", "ok A2 right",
                "1 passed, 1 failed, 0 skipped",
            ])
    }

    @Test("a row that fails with two vCPUs alone has failed")
    func secondRun() throws {
        let row = ConformanceRow("A1", "one vCPU", "3.20", .op(20).answering("vcpus").gives(1))
        let lines = try run([ConformanceBlock("a block", on: .pausedPVH, rows: [row])])
        #expect(lines.first == "not ok A1 one vCPU # 2 vCPUs, step 1, op 20(), vcpus: expected 1, got 2")
    }

    @Test("rows before one that is asked for are run and not told of; each row may have a guest of its own")
    func order() throws {
        let rows = [
            ConformanceRow("A1", "first", "3.1", .create(0)),
            ConformanceRow("A2", "second", "3.1", .create(0).gives(1)),
        ]
        let together = ConformanceBlock("a block", on: .pausedPVH, rows: rows)
        #expect(try run([together], only: ["A2"]) == ["ok A2 second", "1 passed, 0 failed, 0 skipped"])
        let apart = ConformanceBlock("a block", on: .pausedPVH, guestPerRow: true, rows: rows)
        #expect(try run([apart]).last == "1 passed, 1 failed, 0 skipped")
        #expect(try run([apart], only: ["A1"]) == ["ok A1 first", "1 passed, 0 failed, 0 skipped"])
    }

    @Test("what a row is not for skips it, with the reason")
    func skipping() throws {
        let step = Step.op(20)
        let rows = [
            ConformanceRow("A1", "late", "3.20", step).since(.v4_20),
            ConformanceRow("A2", "fixed", "3.20", step).withXSA506(),
            ConformanceRow("A3", "grants", "11", step).needing(.grants),
        ]
        let lines = try run([ConformanceBlock("a block", on: .pausedPVH, rows: rows)], Release(.v4_15))
        #expect(
            lines == [
                "ok A1 late # skip: for 4.20 and later", "ok A2 fixed # skip: not without the fix of XSA-506",
                "ok A3 grants # skip: grants are not modelled", "0 passed, 0 failed, 3 skipped",
            ])
        let block = ConformanceBlock("later", on: .pausedPVH, since: .v4_17, rows: [rows[1]])
        #expect(try run([block], Release(.v4_15)).first == "ok A2 fixed # skip: for 4.17 and later")
    }

    @Test("a block whose first steps go wrong fails all its rows; a row that names nothing is told so")
    func brokenSetup() throws {
        let row = ConformanceRow("A1", "row", "3.1", .create(0))
        let block = ConformanceBlock("a block", on: .pausedPVH, setup: [.destroy(5)], rows: [row])
        #expect(try run([block]).last == "0 passed, 1 failed, 0 skipped")
        let lost = ConformanceRow("A1", "row", "3.1", .destroy("nobody"))
        let line = try run([ConformanceBlock("a block", on: .pausedPVH, rows: [lost])])[0]
        #expect(line.contains("nothing is named nobody"))
        let odd = ConformanceRow("A1", "row", "3.1", .op(6, ["it": 1]))
        #expect(try run([ConformanceBlock("a block", on: .pausedPVH, rows: [odd])])[0].contains("no field it"))
    }

    @Test("no row sends an empty buffer")
    func emptyBuffers() throws {
        let row = ConformanceRow("A1", "row", "9.1", .op(20, data: .bytes(0)))
        let line = try run([ConformanceBlock("a block", on: .pausedPVH, rows: [row])])[0]
        #expect(line.contains("sends no empty buffer"))
    }

    @Test("of the exceptions of a step the narrowest counts")
    func exceptions() {
        let step = Step.op(20).before(.v4_15, .eopnotsupp).before(.v4_11, .efault).from(.v4_18, .einval)
            .from(.v4_21, .eperm).withoutXSA506(.enodata)
        func wanted(_ version: Release.Version) -> Wanted {
            step.expectation.wanted(Release(version), isRealXen: true)
        }
        #expect(wanted(.v4_9_0) == .efault && wanted(.v4_14) == .eopnotsupp && wanted(.v4_15) == .enodata)
        #expect(wanted(.v4_17) == 0 && wanted(.v4_20) == .einval && wanted(.v4_22) == .eperm)
        #expect(step.onSandbox(7).expectation.wanted(.standard, isRealXen: false) == 7)
        #expect(step.onSandbox(7).expectation.wanted(.standard, isRealXen: true) == 0)
    }

    @Test("checks after a step: fields, bytes and what must not have changed")
    func checks() throws {
        func only(_ step: Step) throws -> String {
            try run([
                ConformanceBlock("a block", on: .pausedPVH, vcpus: [1], rows: [ConformanceRow("A1", "r", "1.4", step)])
            ])[0]
        }
        #expect(try only(.op(20, bytes: 64, filler: 0x5a).leaves(["vcpus": 1]).leavesAllBut("vcpus")) == "ok A1 r")
        #expect(try only(.op(20).leaves(["vcpus": 2])).hasSuffix("expected then vcpus 2, got vcpus is 1"))
        #expect(try only(.op(20).leavesAllBut()).contains("byte 8 is 1"))
    }
}

@Suite("Telling of rows") struct ReportTests {
    @Test("a row as JSON is one line, with what is special in JSON escaped")
    func json() throws {
        let row = ConformanceRow("A1", "a \"quoted\" \\ title\n", "3.1", .create(9).gives(.value(0)))
            .explained("because")
        let host = try ModelHost(Release(.v4_14))
        var lines: [String] = []
        let block = ConformanceBlock("a block", on: .pausedPVH, vcpus: [1], rows: [row])
        let tally = ConformanceRunner(host).run([block]) { lines.append(ConformanceReport.json($0, on: host)) }
        #expect(
            lines == [
                #"{"id":"A1","title":"a \"quoted\" \\ title\n","source":"dmop.md 3.1","block":"a block","#
                    + #""host":"model","release":"4.14","result":"failed","vcpus":1,"step":1,"text":"create(9)","#
                    + #""expected":"0","got":"EINVAL","explained":"because"}"#
            ])
        #expect(ConformanceReport.json(tally) == #"{"passed":0,"failed":1,"skipped":0}"#)
        #expect(ConformanceReport.quoted("\u{1}\t") == #""\u0001\u0009""#)
    }

    @Test("the list says what is done and what should come of it")
    func list() {
        let row = ConformanceRow(
            "A1", "a rule", "3.3", .claim("A", .port, 0x100, 0x10f),
            .op(3, ["id": "A", "pad": 1], data: .extents([.init(0x100, 1, pad: 7)])).gives(.einval).before(.v4_15, 0),
            .setState("A", 2)
        ).since(.v4_14)
        let block = ConformanceBlock("a block", on: .pausedPVH, setup: [.create(0, as: "A")], rows: [row])
        #expect(
            ConformanceReport.list([block]) == [
                "a block (PVH guest, paused; 1 and 2 vCPUs; in order on one guest)",
                "    first: create(0) -> success, called A",
                "  A1  a rule  [dmop.md 3.3; 4.14 on]", "      claim(A, port, 0x100, 0x10f) -> 0",
                "      op 3(id A, pad 1) with extents {0x100, 1, pad 7} -> EINVAL (before 4.15: 0)",
                "      A stores state 2",
            ])
    }
}
