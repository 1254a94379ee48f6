import SMTP
import Testing

@Suite("Any octets into a session")
struct RandomInputTests {
    private static let fragments: [[UInt8]] =
        [
            "EHLO a\r\n", "HELO a\r\n", "MAIL FROM:<alice@example.org>\r\n", "MAIL FROM:<> SIZE=5 BODY=8BITMIME\r\n",
            "RCPT TO:<bob@example.net>\r\n", "RCPT TO:<bob@example.net> NOTIFY=NEVER\r\n", "DATA\r\n", ".\r\n",
            "..\r\n",
            "BDAT 0\r\n", "BDAT 5\r\n", "BDAT 3 LAST\r\n", "BDAT 0 LAST\r\n", "RSET\r\n", "NOOP\r\n", "HELP\r\n",
            "VRFY x\r\n", "AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==\r\n", "AUTH PLAIN\r\n", "AUTH LOGIN\r\n",
            "AUTH LOGIN YWxpY2VAZXhhbXBsZS5vcmc=\r\n", "c2VjcmV0\r\n", "*\r\n", "=\r\n", "\r\n",
            "AUTH SCRAM-SHA-256 biwsbj1hbGljZUBleGFtcGxlLm9yZyxyPTAxMjM0NTY3ODlhYmNkZWY=\r\n", "QUIT\r\n", "FOO\r\n",
            "text\r\n", "x", "\r", "\n", "\0", "\u{1b}[31m", "\u{85}", "<", ">", "\"", " ", "STARTTLS\r\n",
        ].map { Array($0.utf8) } + [[0xff], [0xc3], [0x80, 0xfe]]

    private static func input(_ generator: inout SeededGenerator) -> [UInt8] {
        var input: [UInt8] = []
        if Bool.random(using: &generator) {
            input += Array("EHLO a\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==\r\n".utf8)
        }
        for _ in 0..<Int.random(in: 1..<40, using: &generator) {
            if Int.random(in: 0..<12, using: &generator) == 0 {
                input += (0..<Int.random(in: 1..<30, using: &generator)).map { _ in
                    UInt8.random(in: .min ... .max, using: &generator)
                }
            } else {
                input += Self.fragments[Int.random(in: 0..<Self.fragments.count, using: &generator)]
            }
        }
        return input
    }

    private static func answer(
        _ input: [UInt8],
        cuts: [Int],
        _ configuration: ServerSessionConfiguration
    ) async throws -> [UInt8] {
        let connection = MemoryConnection(configuration, service: ScriptedService())
        var start = 0
        for cut in cuts + [input.count] {
            try await connection.send(Array(input[start..<cut]))
            start = cut
        }
        return connection.output
    }

    @Test(
        "replies are well-formed, hold no control octet, and are no more than the lines sent",
        arguments: UInt64(0)..<400
    )
    func replies(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var configuration = ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit)
        if seed % 3 == 0 { configuration.service = .reception }
        let input = Self.input(&generator)
        let output = try await Self.answer(input, cuts: [], configuration)
        var text = output[...]
        var replies = 0
        while let end = text.firstIndex(of: 0x0a) {
            let line = text[..<end].dropLast()
            #expect(text[..<end].last == 0x0d)
            #expect(line.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "\(input)")
            #expect(line.prefix(3).allSatisfy { (0x30...0x39).contains($0) } && line.count > 3, "\(input)")
            if line.dropFirst(3).first == 0x20 { replies += 1 }
            text = text[(end + 1)...]
        }
        #expect(text.isEmpty)
        let lines = zip(input, input.dropFirst()).filter { $0 == (0x0d, 0x0a) }.count
        // The greeting, and the farewell to a lone CR or LF.
        #expect(replies <= lines + 2, "\(input)")
    }

    @Test("the same octets get the same replies however they are cut", arguments: UInt64(1000)..<1200)
    func cuts(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let configuration = ServerSessionConfiguration(hostname: "mail.example.org", security: .implicit)
        let input = Self.input(&generator)
        let whole = try await Self.answer(input, cuts: [], configuration)
        let octets = try await Self.answer(input, cuts: Array(input.indices), configuration)
        #expect(octets == whole, "\(input)")
        let some = input.indices.filter { _ in Int.random(in: 0..<9, using: &generator) == 0 }
        #expect(try await Self.answer(input, cuts: some, configuration) == whole, "\(input)")
    }
}
