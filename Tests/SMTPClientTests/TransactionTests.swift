import NIOCore
import NIOPosix
import SMTP
import SMTPClient
import Synchronization
import Testing

@Suite("Sending over a connection")
struct TransactionTests {
    @Test("commands in one write, content and dot in one write, several messages a connection")
    func pipelined() async throws {
        try await TestServer.run { server in
            let connection = try await SMTPConnection.test(server)
            for _ in 0..<3 {
                let result = try await connection.send(.test(".a\r\nb\r\n", to: ["b", "c"]))
                #expect(result.summary == ["ok 250", "ok 250"])
            }
            #expect(await connection.isUsable)
            await connection.quit()
            let record = server.record
            let write =
                "MAIL FROM:<a@client.test> SIZE=7\r\nRCPT TO:<b@server.test>\r\nRCPT TO:<c@server.test>\r\nDATA\r\n"
            #expect(record.reads == ["EHLO client.test\r\n", write, write, write, "QUIT\r\n"])
            #expect(record.contents == Array(repeating: Array("..a\r\nb\r\n.\r\n".utf8), count: 3))
            #expect(record.connections == 1)
        }
    }

    @Test(
        "content arrives to the octet, whatever its size and shape",
        arguments: [["PIPELINING", "8BITMIME"], ["8BITMIME"], ["PIPELINING", "CHUNKING", "8BITMIME"]],
        ["", "a", "a\r\n", ".\r\n", "\r\n.\r\n", "Ünïcödé\r\n", "big", "big dots"]
    )
    func contents(_ offers: [String], _ kind: String) async throws {
        let content =
            switch kind {
            case "big":
                Array(repeating: Array("0123456789 and so on, seventy octets or thereabouts\r\n".utf8), count: 20_000)
                    .flatMap { $0 }
            case "big dots": Array(repeating: Array(".\r\n..x\r\n".utf8), count: 20_000).flatMap { $0 }
            default: Array(kind.utf8)
            }
        var stuffer = DotStuffer()
        let stuffed = try stuffer.encode(content) + Array("\(stuffer.terminator())".utf8)
        let sources: [(MailContent, Int?)] = [
            (.bytes(ByteBuffer(bytes: content)), nil),
            (Self.stream(content, chunk: 10_007), content.count),
            (Self.stream(content, chunk: 200_000), nil),
        ]
        let isChunking = offers.contains("CHUNKING")
        let expected = [
            isChunking ? content : stuffed,
            isChunking ? content : stuffed,
            // Without a size there can be no BDAT.
            stuffed,
        ]
        try await TestServer.run(TestServer.Behaviour(offers: offers)) { server in
            let connection = try await SMTPConnection.test(server)
            for (source, size) in sources {
                let result = try await connection.send(.test(source, size: size))
                #expect(result.summary == ["ok 250"])
            }
            await connection.quit()
            let contents = server.record.contents
            #expect(contents.count == expected.count)
            for (content, expected) in zip(contents, expected) {
                #expect(content == expected, "\(content.count) octets of \(expected.count)")
            }
        }
    }

    @Test("a stream is asked only for what the socket takes")
    func backPressure() async throws {
        let asked = Counter()
        let chunk = ByteBuffer(bytes: Array(repeating: Array("x\r\n".utf8), count: 22_000).flatMap { $0 })
        let total = 400
        let askedWhilePaused = Counter()
        let behaviour = TestServer.Behaviour(
            pausesContent: { eventLoop in
                // Long enough for all of it to be swallowed, were there no back-pressure.
                eventLoop.scheduleTask(in: .milliseconds(300)) { askedWhilePaused.add(asked.value) }.futureResult
            }
        )
        try await TestServer.run(behaviour) { server in
            let connection = try await SMTPConnection.test(server)
            let result = try await connection.send(
                .test(.stream { asked.increment() <= total ? chunk : nil })
            )
            #expect(result.summary == ["ok 250"])
            #expect(server.record.contents.first?.count == total * chunk.readableBytes + 3)
            #expect(askedWhilePaused.value < total)
            connection.close()
        }
    }

    @Test(
        "a bare CR or LF in memory is named before anything is sent",
        arguments: ["a\nb\r\n", "a\rb\r\n", "a\r\n.\n", "a\r"]
    )
    func bareLineEnding(_ content: String) async throws {
        try await TestServer.run { server in
            let connection = try await SMTPConnection.test(server)
            let error = await #expect(throws: SMTPClientError.self) { try await connection.send(.test(content)) }
            guard case .bareLineEnding = error?.reason else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await connection.send(.test()).summary == ["ok 250"])
            await connection.quit()
            #expect(server.record.contents == [Array("Subject: x\r\n\r\nhello\r\n.\r\n".utf8)])
        }
    }

    @Test(
        "a stream that goes wrong leaves no message behind",
        arguments: [["PIPELINING"], ["PIPELINING", "CHUNKING"]],
        ["bare LF", "bare CR at the end", "too short", "too long", "throws"]
    )
    func brokenStream(_ offers: [String], _ kind: String) async throws {
        struct SourceError: Error {}
        let isChunking = offers.contains("CHUNKING")
        let content: MailContent
        switch kind {
        case "bare LF": content = Self.stream(Array("aaaa\r\nb\nc\r\n".utf8), chunk: 5)
        case "bare CR at the end": content = Self.stream(Array("aaaa\r\nbbbb\r".utf8), chunk: 5)
        case "too short": content = Self.stream(Array("a\r\n".utf8), chunk: 5)
        case "too long": content = Self.stream(Array("aaaa\r\nbbbb\r\n".utf8), chunk: 5)
        default: content = .stream { throw SourceError() }
        }
        try await TestServer.run(TestServer.Behaviour(offers: offers)) { server in
            let connection = try await SMTPConnection.test(server)
            let error = await #expect(throws: SMTPClientError.self) {
                try await connection.send(.test(content, size: 11))
            }
            switch (kind, error?.reason) {
            case ("bare LF", .bareLineEnding), ("bare CR at the end", .bareLineEnding),
                ("too short", .contentSizeMismatch),
                ("too long", .contentSizeMismatch), ("throws", .contentFailed):
                break
            default:
                Issue.record("\(kind): \(String(describing: error))")
            }
            #expect(await !connection.isUsable)
            #expect(server.record.contents.isEmpty, "chunking: \(isChunking)")
        }
    }

    @Test("each recipient has its own outcome")
    func recipients() async throws {
        let behaviour = TestServer.Behaviour(
            replies: ["RCPT": ["250 ok", "550 5.1.1 nobody", "451 4.2.0 later"], "CONTENT": ["250 queued"]]
        )
        try await TestServer.run(behaviour) { server in
            let connection = try await SMTPConnection.test(server)
            let result = try await connection.send(.test(to: ["b", "c", "d"]))
            #expect(result.summary == ["ok 250", "no 550 at RCPT TO", "no 451 at RCPT TO"])
            await connection.quit()
        }
    }

    @Test("LMTP over a Unix socket: one reply for each recipient after the content, RFC 2033 §4.2")
    func lmtp() async throws {
        let path = "/tmp/gatepost-\(UInt32.random(in: 0 ... .max)).sock"
        let behaviour = TestServer.Behaviour(
            isLMTP: true,
            replies: ["RCPT": ["250 ok", "550 5.1.1 nobody", "250 ok"], "CONTENT": ["250 stored", "452 4.2.2 full"]]
        )
        try await TestServer.run(behaviour, unixPath: path) { server in
            let connection = try await SMTPConnection.connect(
                to: .unix(path: path),
                options: .test(protocol: .lmtp),
                group: MultiThreadedEventLoopGroup.singleton
            )
            let result = try await connection.send(.test(to: ["b", "c", "d"]))
            #expect(result.summary == ["ok 250", "no 550 at RCPT TO", "no 452 at end of data"])
            await connection.quit()
            #expect(server.record.commands.first == "LHLO client.test")
        }
    }

    @Test("LMTP, the connection lost between two replies: what was delivered is known")
    func lmtpInterrupted() async throws {
        let behaviour = TestServer.Behaviour(isLMTP: true, replies: ["CONTENT": ["250 stored", "junk"]])
        try await TestServer.run(behaviour) { server in
            let connection = try await SMTPConnection.test(server, .test(protocol: .lmtp))
            let result = try await connection.send(.test(to: ["b", "c"]))
            #expect(result.summary == ["ok 250", "interrupted"])
        }
    }

    @Test("8-bit content is noticed, and not sent where 8BITMIME is not offered")
    func eightBit() async throws {
        try await TestServer.run(TestServer.Behaviour(offers: ["PIPELINING"])) { server in
            let connection = try await SMTPConnection.test(server)
            let result = try await connection.send(.test("Grüße\r\n"))
            #expect(result.unsendable == .eightBitNotOffered)
            #expect(try await connection.send(.test("Gruesse\r\n")).summary == ["ok 250"])
            await connection.quit()
        }
    }

    @Test("a second transaction at the same time and one without recipients are refused here")
    func misuse() async throws {
        try await TestServer.run { server in
            let connection = try await SMTPConnection.test(server)
            await #expect(throws: SMTPClientError.self) { try await connection.send(.test(to: [])) }
            let result = try await connection.send(
                .test(
                    .stream {
                        await #expect(throws: SMTPClientError.self) { try await connection.send(.test()) }
                        return nil
                    }
                )
            )
            #expect(result.summary == ["ok 250"])
            await connection.quit()
        }
    }

    private static func stream(_ content: [UInt8], chunk: Int) -> MailContent {
        let position = Counter()
        return .stream {
            let start = position.value
            guard start < content.count else { return nil }
            let end = min(start + chunk, content.count)
            position.add(end - start)
            return ByteBuffer(bytes: content[start..<end])
        }
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { self.count.withLock { $0 } }

    func add(_ number: Int) {
        self.count.withLock { $0 += number }
    }

    @discardableResult
    func increment() -> Int {
        self.count.withLock {
            $0 += 1
            return $0
        }
    }
}
