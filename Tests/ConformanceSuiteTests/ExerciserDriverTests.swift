// The driver of the exerciser, with a guest of the model that speaks as the exerciser does.

import HypervisorModel
import Testing
import XenABI

@testable import ConformanceSuite

@Suite("Driving the exerciser") struct ExerciserDriverTests {
    private let host: ModelHost
    private let driver: ExerciserDriver

    init() throws {
        host = try ModelHost()
        let domain = try host.makeGuest(.runningPVH, vcpuCount: 2)
        driver = try ExerciserDriver(host, domain, vcpuCount: 2)
    }

    /// The guest reads a word of a command; nil: it waits.
    private func word(_ vcpu: Int) throws -> UInt64? {
        try host.begin(.input(UInt16(0x510 + 0x10 * vcpu), .four), vcpu: vcpu)
        return try finish(vcpu)
    }

    private func finish(_ vcpu: Int) throws -> UInt64? {
        _ = try driver.results(vcpu)
        if case .done(let value) = try host.progress(vcpu: vcpu) { return value }
        return nil
    }

    private func tell(_ vcpu: Int, _ words: UInt64...) throws {
        for word in words {
            try host.begin(.output(UInt16(0x514 + 0x10 * vcpu), .four, word), vcpu: vcpu)
            #expect(try finish(vcpu) == 0)
        }
    }

    @Test("a command is read word by word, and its results come after the status")
    func command() throws {
        let (words, count) = GuestCommand.input(0x200, .two).words
        try driver.begin(words, results: count, vcpu: 1)
        #expect([try word(1), try word(1), try word(1)] == [0x10, 0x200, 2])
        #expect(try driver.results(1) == nil)
        try tell(1, 0, 0xBEEF)
        #expect(try driver.results(1) == [])
    }

    @Test("a command without results is over with its status")
    func noResults() throws {
        try driver.begin([0x50, 0x40], results: 0, vcpu: 0)
        #expect([try word(0), try word(0)] == [0x50, 0x40])
        #expect(try driver.results(0) == nil)
        try host.begin(.output(0x514, .four, 0), vcpu: 0)
        #expect(try driver.results(0) == [])
    }

    @Test("without a command the read stays pending, and a command ends it")
    func pending() throws {
        #expect(try word(0) == nil)
        try driver.begin([0x30, 8], results: 1, vcpu: 0)
        #expect(try finish(0) == 0x30)
        #expect(throws: HostError.broken("vCPU 0 is busy")) { try driver.begin([1], results: 0, vcpu: 0) }
    }

    @Test("a vCPU that waits for a command can be told that there is none; a request of one that is busy stays")
    func idle() throws {
        #expect(try word(0) == nil)
        try driver.answerIdleReads()
        #expect(try host.progress(vcpu: 0) == .done(0))
        try driver.begin([0x30, 8], results: 1, vcpu: 0)
        #expect([try word(0), try word(0)] == [0x30, 8])
    }

    @Test("results are those of the command; a status that is not 0 is an error")
    func results() throws {
        try driver.begin([0x20], results: 2, vcpu: 0)
        #expect(try word(0) == 0x20)
        try host.begin(.output(0x514, .four, 0), vcpu: 0)
        _ = try driver.results(0)
        _ = try host.progress(vcpu: 0)
        try host.begin(.output(0x514, .four, 7), vcpu: 0)
        #expect(try driver.results(0) == nil)
        _ = try host.progress(vcpu: 0)
        try host.begin(.output(0x514, .four, 9), vcpu: 0)
        #expect(try driver.results(0) == [7, 9])
        _ = try host.progress(vcpu: 0)
        try driver.begin([0x99], results: 0, vcpu: 0)
        #expect(try word(0) == 0x99)
        try host.begin(.output(0x514, .four, 1), vcpu: 0)
        #expect(throws: HostError.broken("the exerciser refuses the command with status 1")) {
            try driver.results(0)
        }
    }

    @Test(
        "commands are the words of Guests/README.md",
        arguments: [
            (GuestCommand.output(0x300, .one, 0x1ff), [0x11, 0x300, 1, 0x1ff], 0),
            (.stringInput(0x200, .four, count: 3, offset: 0xffc, down: true), [0x12, 0x200, 4, 3, 0xffc, 1], 0),
            (.load(0x1_2345_6789, .eight), [0x20, 0x2345_6789, 1, 8], 2),
            (.store(0xf000_0000, .two, 0x1_0000_0002), [0x21, 0xf000_0000, 0, 2, 2, 1], 0),
            (.moveOut(0xf000_0000, .one, count: 9, offset: 4), [0x23, 0xf000_0000, 0, 1, 9, 4, 0], 0),
            (.awaitVector(0x40, count: 5), [0x52, 0x40, 5, 1_000_000], 1), (.shutDown(3), [0x70, 3], 0),
        ] as [(GuestCommand, [UInt32], Int)])
    func words(command: GuestCommand, words: [UInt32], results: Int) {
        #expect(command.words.words == words && command.words.results == results)
    }
}
