/// How a client reaches the submission server.
enum Transport: String, CaseIterable, Sendable {
    /// Port 587: clear text, then STARTTLS.
    case startTLS = "STARTTLS"
    /// Port 465: TLS from the first octet.
    case implicitTLS = "implicit TLS"
}

/// Everything that a client needs to know to hand in one message.
struct Submission: Sendable {
    var port: Int
    var transport: Transport
    var mechanism: String
    var user: String
    /// The token for OAUTHBEARER and XOAUTH2.
    var password: String
    /// What the client shows of itself in the TLS handshake.
    var identity: ClientIdentity?
    /// PEM file of the authority that signed the server's certificate; every client verifies it.
    var authority: String
    var sender: String
    var recipient: String
    var message: TestMessage
    /// For the client's files.
    var folder: TemporaryFolder

    /// The secrets, for the programs in Programs/: command lines are for everyone to see.
    var environment: [String: String] {
        var variables = ["SUBMIT_PASSWORD": password]
        if let identity {
            variables["SUBMIT_CERTIFICATE"] = identity.certificate
            variables["SUBMIT_KEY"] = identity.key
            variables["SUBMIT_KEYSTORE"] = identity.archive
        }
        return variables
    }
}

/// A real mail client of this machine.
protocol MailClient: Sendable {
    var program: String { get }
    /// What people call it, where that is not the program.
    var name: String { get }
    /// Those of the server's mechanisms that it can with a password.
    var mechanisms: [String] { get }
    /// Those that take another secret, or weaker settings of the server: EXTERNAL, OAUTHBEARER, XOAUTH2, and `NTLMv1` for an NTLM that
    /// answers with 24 octets.
    var otherMechanisms: [String] { get }
    /// Habits seen, by mechanism.
    var habits: [String: String] { get }
    var transports: [Transport] { get }
    /// Whether it sends header and body as given; else it writes a header of its own.
    var sendsVerbatim: Bool { get }
    /// Exits with 0 when the server took the message; output and errors tell the server's replies.
    func send(_ submission: Submission) async throws -> Completed
    func version() async throws -> String
}

/// A client certificate for EXTERNAL, in the forms that clients want.
struct ClientIdentity: Sendable {
    /// PEM files.
    var certificate: String
    var key: String
    /// Both in PKCS #12 under the password `public`.
    var archive: String
}

extension MailClient {
    var name: String { program }
    var otherMechanisms: [String] { [] }
    var habits: [String: String] { [:] }
    var transports: [Transport] { Transport.allCases }
    var sendsVerbatim: Bool { true }

    /// The first number with dots in what a command says.
    func version(_ command: [String]) async throws -> String {
        let said = try await run(command).said
        let word = said.split { !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") }.first { word in
            word.drop { $0 == "v" }.first?.isNumber == true && word.contains(".")
        }
        return word.map { String($0.drop { $0 == "v" }) } ?? "unknown"
    }

    func version() async throws -> String { try await version([try path(), "--version"]) }

    /// The path of the program, which the test's trait has made sure of.
    func path() throws -> String {
        guard let path = Program.find(program) else { throw MissingProgram(name: program) }
        return path
    }
}

/// Undoes the quoted-printable encoding of RFC 2045 §6.7, for clients that choose it themselves.
func decodeQuotedPrintable(_ text: String) -> String {
    var decoded: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let octet = rest.popFirst() {
        if octet == UInt8(ascii: "="), rest.first == 0x0A {
            rest.removeFirst()
        } else if octet == UInt8(ascii: "="),
            let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
        {
            decoded.append(value)
            rest.removeFirst(2)
        } else {
            decoded.append(octet)
        }
    }
    return String(decoding: decoded, as: UTF8.self)
}

/// A message with the things in it that break on the way: dots at line starts, octets over 127, white space at
/// line ends, empty lines, a line of the greatest length.
struct TestMessage: Sendable {
    let mark: String
    var header: String
    let body: String

    init(mark: String, from sender: String, to recipient: String, body: String? = nil) {
        self.mark = mark
        header = """
            X-Mark: \(mark)
            Date: Tue, 24 Nov 2026 06:45:00 +0000
            From: Alice <\(sender)>
            To: <\(recipient)>
            Message-ID: <\(mark)@client.test>
            Subject: \(mark)
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            """
        let long = String(repeating: "0123456789", count: 99) + "12345678"
        self.body =
            body
                ?? """
                \(mark)
                .
                ..
                .dotted
                Grüße, 你好, κόσμε
                trailing white space \t

                \(long)

                From here the last line

                """
    }

    /// With LF line ends, as servers store it.
    var stored: [UInt8] { Array("\(header)\n\(body)".utf8) }
    /// With CRLF line ends, as it goes over the wire.
    var wire: [UInt8] {
        stored.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
    }
}
