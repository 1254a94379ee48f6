import Foundation
import GatepostModel
import Milter
import SMTP
import Testing

@testable import GatepostServer

/// What a broken filter can do to a session: make it answer as configured, and nothing else.
@Suite("Hostile mail filters")
struct HostileFilterTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var stage: Character
        var answer: ScriptedFilter.Answer
        /// In the log.
        var said: String
    }

    private static let cases = [
        Case(testDescription: "closes at once", stage: "O", answer: .close, said: "ended the connection"),
        Case(testDescription: "closes at MAIL", stage: "M", answer: .close, said: "ended the connection"),
        Case(testDescription: "closes in the midst of a packet", stage: "E", answer: .raw([0, 0]), said: "within"),
        Case(testDescription: "says nothing", stage: "R", answer: .nothing, said: "no answer within"),
        Case(testDescription: "says nothing to the offer", stage: "O", answer: .nothing, said: "no answer within"),
        Case(
            testDescription: "an empty packet",
            stage: "R",
            answer: .raw([0, 0, 0, 0]),
            said: "without a response code"
        ),
        Case(
            testDescription: "a packet of 4 GiB",
            stage: "L",
            answer: .raw([0xFF, 0xFF, 0xFF, 0xFF, 0x63]),
            said: "too large a packet"
        ),
        Case(
            testDescription: "an unknown response",
            stage: "B",
            answer: .raw([0, 0, 0, 1, 0x7A]),
            said: "unknown response"
        ),
        Case(
            testDescription: "another protocol",
            stage: "O",
            answer: .raw(Array("220 ESMTP\r\n".utf8)),
            said: "packet"
        ),
        Case(
            testDescription: "a change before the end",
            stage: "N",
            answer: .packets([ScriptedFilter.packet("h", "X\u{0}y\0")]),
            said: "does not belong here"
        ),
        Case(
            testDescription: "a recipient that is none",
            stage: "E",
            answer: .packets([ScriptedFilter.packet("+", "nobody\0"), ScriptedFilter.packet("c")]),
            said: "cannot be read"
        ),
        Case(
            testDescription: "progress without end",
            stage: "E",
            answer: .endlessly(ScriptedFilter.packet("p")),
            said: "more than is allowed"
        ),
        Case(
            testDescription: "a body without end",
            stage: "E",
            answer: .endlessly(MilterPacket(code: UInt8(ascii: "b"), data: [UInt8](repeating: 0x78, count: 65_535))),
            said: "more than is allowed"
        ),
        Case(
            testDescription: "header fields without end",
            stage: "E",
            answer: .endlessly(ScriptedFilter.packet("h", "X-A\u{0}b\0")),
            said: "more than is allowed"
        ),
    ]

    private func outcome(
        _ hostile: Case,
        _ onFailure: Configuration.Milter.FailureAction
    ) async throws -> (code: Int?, scene: MilterScene) {
        let filter = try await ScriptedFilter.start { code, _, _ in
            code == hostile.stage ? hostile.answer : ScriptedFilter.usual(code)
        }
        let milter = MilterScene.filter(filter, onFailure: onFailure) { timeouts in
            // Only those that say nothing are given up; the others have all the time that a busy machine needs.
            let patience: Duration = hostile.said.contains("within") ? .milliseconds(300) : .seconds(5)
            timeouts.connect = .seconds(5)
            timeouts.command = patience
            timeouts.content = patience
            timeouts.endOfMessage = patience
        }
        let scene = try MilterScene([milter])
        var code = try await scene.envelope()?.reply.code
        if code == nil {
            let body = String(repeating: "0123456789abcde\r\n", count: 20_000)
            switch try await scene.chain.content(try await scene.message(body: body)) {
            case .kept(let kept):
                #expect(String(decoding: kept.headerOctets, as: UTF8.self) == MilterScene.section)
                #expect(try await scene.text(kept.body) == body)
            case .refused(let refusal): code = refusal.reply.code
            case .discarded: code = 0
            }
        }
        try await filter.stop()
        return (code, scene)
    }

    @Test("a filter that fails is answered for as configured", arguments: HostileFilterTests.cases)
    func failure(_ hostile: Case) async throws {
        for (action, expected) in [(.tempfail, 451), (.reject, 550), (.accept, nil)]
            as [(Configuration.Milter.FailureAction, Int?)]
        {
            let (code, scene) = try await self.outcome(hostile, action)
            #expect(code == expected, "\(action)")
            let log = scene.log.lines.joined(separator: "\n")
            #expect(log.contains("a mail filter failed") && log.contains("one"), "\(log)")
            #expect(log.contains(hostile.said), "\(log)")
            #expect(scene.context.counters.all["milters.one.failures"] == 1)
            // The message's own file is there only where the message is kept.
            let files = try FileManager.default.contentsOfDirectory(atPath: scene.directory.path)
            #expect(files.count <= (expected == nil ? 1 : 0), "\(files)")
        }
    }

    @Test("progress extends the time at the end of a message, and only so far")
    func progress() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in
            code == "E" ? .endlessly(ScriptedFilter.packet("h", "X\u{0}b\0")) : ScriptedFilter.usual(code)
        }
        let milter = MilterScene.filter(filter) { timeouts in
            timeouts.endOfMessage = .milliseconds(1)
            timeouts.longest = .milliseconds(1)
        }
        let scene = try MilterScene([milter])
        #expect(try await scene.envelope() == nil)
        guard case .refused(let refusal) = try await scene.chain.content(try await scene.message()) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.reply.code == 451)
        try await filter.stop()
    }

    @Test("nobody listens")
    func absent() async throws {
        let filter = try await ScriptedFilter.start { code, _, _ in ScriptedFilter.usual(code) }
        let milter = MilterScene.filter(filter, onFailure: .tempfail)
        try await filter.stop()
        let scene = try MilterScene([milter])
        #expect(try await scene.envelope()?.reply.code == 451)
        // Each message tries anew.
        #expect(try await scene.envelope()?.reply.code == 451)
        #expect(scene.context.counters.all["milters.one.failures"] == 2)
        #expect(scene.log.lines.joined(separator: "\n").contains("cannot connect"))
    }
}
