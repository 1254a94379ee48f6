import Testing

/// One client with one mechanism over one transport.
struct ClientCase: Sendable, CustomTestStringConvertible {
    var client: any MailClient
    var mechanism: String
    var transport: Transport

    var testDescription: String { "\(client.program) \(mechanism) over \(transport.rawValue)" }
    /// For subjects and file names.
    var mark: String { "\(client.program)-\(mechanism)-\(transport)" }

    static let all: [ClientCase] = clients.flatMap { client in
        client.transports.flatMap { transport in
            client.mechanisms.map { ClientCase(client: client, mechanism: $0, transport: transport) }
        }
    }

    private static let clients: [any MailClient] = [Curl(), Swaks(), MSMTP(), PythonSMTPLib(), SNail(), GSASL()]
}

/// Real clients hand in mail that arrives at a real Postfix, found by MX.
@Suite(
    .serialized,
    .enabled(if: siteCanStart, Program.howToInstall),
    .enabled(
        if: Program.areInstalled("curl", "swaks", "msmtp", "python3", "s-nail", "gsasl"),
        Program.howToInstall
    ),
    .site
)
struct ClientMatrixTests {
    @Test(arguments: ClientCase.all)
    func `mail of a real client arrives unchanged`(_ example: ClientCase) async throws {
        let site = try Site.current
        let recipient = "reader@postfix.test"
        let mark = "arrives-\(example.mark)"
        let message = TestMessage(mark: mark, from: Site.alice, to: recipient)
        let sent = try await example.client.send(
            submission(example, site, message: message, recipient: recipient, password: Site.password)
        )
        let isAccepted = sent.succeeded
        try #require(isAccepted, "\(sent.said)\n\(site.gatepost.log.suffix(4000))")

        let delivered = try await site.postfix.maildir.message(containing: mark)
        if example.client.sendsVerbatim {
            let arrived = delivered.withoutTrace(before: message.stored)
            let isUnchanged = arrived == message.stored
            #expect(isUnchanged, "\(String(decoding: arrived, as: UTF8.self))")
        } else {
            let isUnchanged = decodeQuotedPrintable(delivered.text).hasSuffix("\n\n" + message.body)
            #expect(isUnchanged, "\(delivered.text)")
        }
        let trace = delivered.text.replacing("\n\t", with: " ").replacing("\n ", with: " ").split(separator: "\n")
        let ours = trace.first { $0.hasPrefix("Received:") && $0.contains("by mail.gatepost.test") }
        let received = try #require(ours.map(String.init), "\(delivered.text)")
        #expect(received.contains("with ESMTPSA") || received.contains("with UTF8SMTPSA"))
        #expect(!received.contains("127.0.0.1"), "the submitter's address stays private")
        #expect(delivered.text.contains("using TLSv1.3"), "Postfix received it over TLS")
    }

    @Test(arguments: ClientCase.all)
    func `a wrong password is reported as 535`(_ example: ClientCase) async throws {
        let site = try Site.current
        let mark = "refused-\(example.mark)"
        let recipient = "reader@postfix.test"
        let message = TestMessage(mark: mark, from: Site.bob, to: recipient)
        var attempt = try submission(example, site, message: message, recipient: recipient, password: "wrong one")
        attempt.user = Site.bob
        attempt.sender = Site.bob
        let sent = try await example.client.send(attempt)
        #expect(!sent.succeeded)
        let says535 = sent.said.contains("535") && sent.said.contains("5.7.8")
        #expect(says535, "\(sent.said)")
        #expect(site.postfix.maildir.messages(containing: mark).isEmpty)
    }

    private func submission(
        _ example: ClientCase,
        _ site: Site,
        message: TestMessage,
        recipient: String,
        password: String
    ) throws -> Submission {
        Submission(
            port: site.gatepost.port(example.transport),
            transport: example.transport,
            mechanism: example.mechanism,
            user: Site.alice,
            password: password,
            authority: site.certificates.authority,
            sender: Site.alice,
            recipient: recipient,
            message: message,
            folder: try TemporaryFolder("client")
        )
    }
}
