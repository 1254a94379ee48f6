import MailSyntax
import SASL
import SMTP
import Testing

/// A command line and what it means.
struct CommandVector: Sendable, CustomTestStringConvertible {
    var line: [UInt8]
    var command: Command

    init(_ line: String, _ command: Command) {
        self.line = line.wire
        self.command = command
    }

    var testDescription: String { String(decoding: self.line.prefix(100), as: UTF8.self).escaped }
}

/// A line that is no command, and which reply it earns.
struct BadCommandVector: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable {
        case unknownCommand
        case badArguments
        case badReversePath
        case badForwardPath
        case unsupportedParameter
        case controlOctet
        case badChunkSize
        case crossProtocol
    }

    var line: [UInt8]
    var kind: Kind

    init(_ kind: Kind, _ line: String) {
        self.init(kind, line.wire)
    }

    init(_ kind: Kind, _ line: [UInt8]) {
        self.line = line
        self.kind = kind
    }

    var testDescription: String { String(decoding: self.line.prefix(100), as: UTF8.self).escaped }
}

extension BadCommandVector.Kind {
    init(_ error: CommandSyntaxError) {
        switch error {
        case .unknownCommand: self = .unknownCommand
        case .badArguments: self = .badArguments
        case .badReversePath: self = .badReversePath
        case .badForwardPath: self = .badForwardPath
        case .unsupportedParameter: self = .unsupportedParameter
        case .controlOctet: self = .controlOctet
        case .badChunkSize: self = .badChunkSize
        case .crossProtocol: self = .crossProtocol
        }
    }
}

extension ReversePath {
    static func to(_ localPart: String, _ domain: String) -> ReversePath {
        .mailbox(Mailbox(localPart: localPart, domain: .name(domain)))
    }
}

extension ForwardPath {
    static func to(_ localPart: String, _ domain: String) -> ForwardPath {
        .mailbox(Mailbox(localPart: localPart, domain: .name(domain)))
    }
}

extension CommandVector {
    static let plain: [CommandVector] = [
        .init("EHLO client.example", .ehlo("client.example")),
        .init("ehlo client.example", .ehlo("client.example")),
        .init("EHLO client.example  ", .ehlo("client.example")),
        // Thunderbird and Evolution.
        .init("EHLO [127.0.0.1]", .ehlo("[127.0.0.1]")),
        .init("EHLO [IPv6:2001:db8::1]", .ehlo("[IPv6:2001:db8::1]")),
        .init("EHLO my_laptop", .ehlo("my_laptop")),
        .init("EHLO bücher.example", .ehlo("bücher.example")),
        .init("HELO client.example", .helo("client.example")),
        .init("DATA", .data),
        .init("data ", .data),
        .init("RSET", .rset),
        .init("NOOP", .noop),
        .init("NOOP whatever one likes", .noop),
        .init("VRFY alice", .vrfy("alice")),
        .init("VRFY", .vrfy("")),
        .init("EXPN list", .expn),
        .init("HELP", .help),
        .init("HELP MAIL", .help),
        .init("QUIT", .quit),
        .init("qUiT", .quit),
        .init("STARTTLS", .startTLS),
        .init("BDAT 0", .bdat(size: 0, isLast: false)),
        .init("BDAT 0 LAST", .bdat(size: 0, isLast: true)),
        .init("bdat 1000 last", .bdat(size: 1000, isLast: true)),
        .init("BDAT 00000000000000000007", .bdat(size: 7, isLast: false)),
        .init("BDAT 9223372036854775807", .bdat(size: .max, isLast: false)),
    ]

    static let auth: [CommandVector] = [
        .init("AUTH PLAIN", .auth(mechanism: .plain, initialResponse: nil)),
        .init("AUTH PLAIN =", .auth(mechanism: .plain, initialResponse: "=".wire)),
        .init("AUTH PLAIN AHRpbQB4", .auth(mechanism: .plain, initialResponse: "AHRpbQB4".wire)),
        // Windows Mail.
        .init("AUTH PLAIN  AHRpbQB4", .auth(mechanism: .plain, initialResponse: "AHRpbQB4".wire)),
        .init("auth plain AHRpbQB4 ", .auth(mechanism: .plain, initialResponse: "AHRpbQB4".wire)),
        .init("AUTH scram-sha-256", .auth(mechanism: .scramSHA256, initialResponse: nil)),
        // Not base64, which the session says.
        .init("AUTH LOGIN !!", .auth(mechanism: .login, initialResponse: "!!".wire)),
    ]

    static let mail: [CommandVector] = [
        .init("MAIL FROM:<>", .mail(.init(reversePath: .null))),
        .init("MAIL FROM:<alice@example.org>", .mail(.init(reversePath: .to("alice", "example.org")))),
        .init("mail from:<alice@example.org>", .mail(.init(reversePath: .to("alice", "example.org")))),
        // A blank after the colon breaks the grammar, and many clients send it.
        .init("MAIL FROM: <alice@example.org>", .mail(.init(reversePath: .to("alice", "example.org")))),
        .init("MAIL  FROM:<alice@example.org>  ", .mail(.init(reversePath: .to("alice", "example.org")))),
        .init(#"MAIL FROM:<"a b"@example.org>"#, .mail(.init(reversePath: .to("a b", "example.org")))),
        .init(#"MAIL FROM:<"a>b"@example.org>"#, .mail(.init(reversePath: .to("a>b", "example.org")))),
        .init(#"MAIL FROM:<"a\">b"@example.org>"#, .mail(.init(reversePath: .to("a\">b", "example.org")))),
        .init(
            "MAIL FROM:<a@[192.0.2.1]>",
            .mail(.init(reversePath: .mailbox(Mailbox(localPart: "a", domain: .address(IPAddress("192.0.2.1")!)))))
        ),
        .init("MAIL FROM:<> SIZE=0", .mail(.init(reversePath: .null, size: 0))),
        .init("MAIL FROM:<> size=1000", .mail(.init(reversePath: .null, size: 1000))),
        // Well-formed, and larger than any limit: 552, not a syntax error (RFC 1870 §3).
        .init("MAIL FROM:<> SIZE=99999999999999999999", .mail(.init(reversePath: .null, size: .max))),
        .init("MAIL FROM:<> BODY=8BITMIME", .mail(.init(reversePath: .null, body: .eightBitMIME))),
        .init("MAIL FROM:<> BODY=7bit", .mail(.init(reversePath: .null, body: .sevenBit))),
        .init("MAIL FROM:<> SMTPUTF8", .mail(.init(reversePath: .null, isSMTPUTF8: true))),
        .init(
            "MAIL FROM:<jürgen@example.org> SMTPUTF8",
            .mail(.init(reversePath: .to("jürgen", "example.org"), isSMTPUTF8: true))
        ),
        .init(
            "MAIL FROM:<jürgen@bücher.example> BODY=8BITMIME SMTPUTF8",
            .mail(.init(reversePath: .to("jürgen", "bücher.example"), body: .eightBitMIME, isSMTPUTF8: true))
        ),
        // RFC 3461 §10.
        .init(
            "MAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159",
            .mail(.init(reversePath: .to("Alice", "Example.ORG"), ret: .headers, envelopeIdentifier: "QQ314159"))
        ),
        .init("MAIL FROM:<> ret=full", .mail(.init(reversePath: .null, ret: .full))),
        .init("MAIL FROM:<> ENVID=a+2Bb+20c", .mail(.init(reversePath: .null, envelopeIdentifier: "a+b c"))),
        // RFC 4954 §5.
        .init("MAIL FROM:<> AUTH=<>", .mail(.init(reversePath: .null, submitter: "<>"))),
        .init(
            "MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com",
            .mail(.init(reversePath: .to("e=mc2", "example.com"), submitter: "e=mc2@example.com"))
        ),
    ]

    static let recipient: [CommandVector] = [
        .init("RCPT TO:<bob@example.net>", .rcpt(.init(forwardPath: .to("bob", "example.net")))),
        .init("rcpt to: <bob@example.net>", .rcpt(.init(forwardPath: .to("bob", "example.net")))),
        // RFC 5321 §4.1.1.3.
        .init("RCPT TO:<Postmaster>", .rcpt(.init(forwardPath: .postmaster))),
        .init("RCPT TO:<postMASTER>", .rcpt(.init(forwardPath: .postmaster))),
        .init(
            "RCPT TO:<postmaster@example.net>",
            .rcpt(.init(forwardPath: .to("postmaster", "example.net")))
        ),
        .init(
            "RCPT TO:<bob@example.net> NOTIFY=NEVER",
            .rcpt(.init(forwardPath: .to("bob", "example.net"), notify: .never))
        ),
        .init(
            "RCPT TO:<bob@example.net> notify=success,Delay,FAILURE",
            .rcpt(.init(forwardPath: .to("bob", "example.net"), notify: [.success, .delay, .failure]))
        ),
        .init(
            "RCPT TO:<bob@example.net> ORCPT=rfc822;Bob+2Bx@Example.NET NOTIFY=SUCCESS",
            .rcpt(
                .init(
                    forwardPath: .to("bob", "example.net"),
                    notify: .success,
                    originalRecipient: .init(addressType: "rfc822", address: "Bob+x@Example.NET")
                )
            )
        ),
        .init(
            "RCPT TO:<bob@example.net> ORCPT=UTF-8;jürgen@example.net",
            .rcpt(
                .init(
                    forwardPath: .to("bob", "example.net"),
                    originalRecipient: .init(addressType: "utf-8", address: "jürgen@example.net")
                )
            )
        ),
        .init("RCPT TO:<jürgen@example.net>", .rcpt(.init(forwardPath: .to("jürgen", "example.net")))),
    ]
}

extension BadCommandVector {
    static let verbs: [BadCommandVector] = [
        .init(.unknownCommand, ""),
        .init(.unknownCommand, " "),
        .init(.unknownCommand, "FOO"),
        .init(.unknownCommand, "EHLOclient.example"),
        .init(.unknownCommand, "MAIL:"),
        .init(.unknownCommand, "ETRN example.org"),
        .init(.unknownCommand, "ＥＨＬＯ x"),
        .init(.unknownCommand, [0xff, 0xfe, 0x80]),
        .init(.badArguments, "EHLO"),
        .init(.badArguments, "HELO "),
        .init(.badArguments, "EHLO two words"),
        .init(.badArguments, "EHLO " + String(repeating: "x", count: 256)),
        .init(.badArguments, "DATA now"),
        .init(.badArguments, "RSET now"),
        .init(.badArguments, "QUIT now"),
        .init(.badArguments, "STARTTLS now"),
        .init(.badArguments, "AUTH"),
        .init(.badArguments, "AUTH PL/AIN"),
        .init(.badArguments, "AUTH ABCDEFGHIJKLMNOPQRSTU"),
        .init(.badArguments, "AUTH PLAIN AHRp bQB4"),
        // Cross-protocol attacks (ALPACA).
        .init(.crossProtocol, "GET / HTTP/1.1"),
        .init(.crossProtocol, "POST /index HTTP/1.1"),
        .init(.crossProtocol, "CONNECT mail.example.org:25 HTTP/1.1"),
        .init(.crossProtocol, "get /\u{1}"),
        .init(.crossProtocol, "Host: mail.example.org"),
    ]

    static let controls: [BadCommandVector] = [
        .init(.controlOctet, "NOOP\0"),
        .init(.controlOctet, "\0"),
        .init(.controlOctet, "EHLO a\u{1}b"),
        .init(.controlOctet, "EHLO a\u{7f}"),
        .init(.controlOctet, "MAIL FROM:<a\0b@example.org>"),
        .init(.controlOctet, "RCPT TO:<\"a\u{1b}\"@example.org>"),
        .init(.controlOctet, "NOOP \u{b}\u{c}"),
        .init(.controlOctet, "AUTH PLAIN AHRp\u{8}"),
    ]

    static let chunks: [BadCommandVector] = [
        .init(.badChunkSize, "BDAT"),
        .init(.badChunkSize, "BDAT LAST"),
        .init(.badChunkSize, "BDAT -1"),
        .init(.badChunkSize, "BDAT +1"),
        .init(.badChunkSize, "BDAT 0x10"),
        .init(.badChunkSize, "BDAT 1e3"),
        .init(.badChunkSize, "BDAT 9223372036854775808"),
        .init(.badChunkSize, "BDAT 18446744073709551616"),
        .init(.badChunkSize, "BDAT 000000000000000000001"),
        .init(.badChunkSize, "BDAT 5 FIRST"),
        .init(.badChunkSize, "BDAT 5 LAST LAST"),
        .init(.badChunkSize, "BDAT 5\0"),
        .init(.badChunkSize, "BDAT ٥"),
    ]

    static let mail: [BadCommandVector] = [
        .init(.badArguments, "MAIL"),
        .init(.badArguments, "MAIL FROM"),
        .init(.badArguments, "MAIL FROM alice@example.org"),
        .init(.badArguments, "MAIL FROM:"),
        .init(.badArguments, "MAIL FROM:alice@example.org"),
        .init(.badArguments, "MAIL FROM:<alice@example.org"),
        .init(.badArguments, #"MAIL FROM:<"alice@example.org>"#),
        .init(.badArguments, #"MAIL FROM:<"alice\"#),
        .init(.badArguments, "MAIL TO:<alice@example.org>"),
        .init(.badArguments, "MAIL FROM:<alice@example.org>SIZE=3"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SIZE=3 SIZE=4"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SIZE="),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SIZE"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SIZE=-1"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SIZE=1k"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SIZE=100000000000000000000"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> BODY=BINARYMIME"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> BODY"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> SMTPUTF8=1"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> RET=BODY"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> ENVID=a+2"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> ENVID=a+0D+0Ab"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> ENVID=a+C3+BC"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> ENVID=" + String(repeating: "x", count: 101)),
        .init(.badArguments, "MAIL FROM:<alice@example.org> AUTH=x+0D+0Ay"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> AUTH=nobody"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> =3"),
        .init(.badArguments, "MAIL FROM:<alice@example.org> a_b=3"),
        .init(.unsupportedParameter, "MAIL FROM:<alice@example.org> XYZ=1"),
        .init(.unsupportedParameter, "MAIL FROM:<alice@example.org> NOTIFY=NEVER"),
        .init(.badReversePath, "MAIL FROM:<alice>"),
        .init(.badReversePath, "MAIL FROM:<alice@>"),
        .init(.badReversePath, "MAIL FROM:<@example.org>"),
        .init(.badReversePath, "MAIL FROM:<@relay.example:alice@example.org>"),
        .init(.badReversePath, "MAIL FROM:<alice@@example.org>"),
        .init(.badReversePath, "MAIL FROM:<alice@bob@example.org>"),
        .init(.badReversePath, "MAIL FROM:<alice..x@example.org>"),
        .init(.badReversePath, "MAIL FROM:<.alice@example.org>"),
        .init(.badReversePath, "MAIL FROM:<alice@exa mple.org>"),
        .init(.badReversePath, "MAIL FROM:< alice@example.org>"),
        .init(.badReversePath, "MAIL FROM:< >"),
        .init(.badReversePath, "MAIL FROM:<alice@[192.0.2.999]>"),
        .init(.badReversePath, "MAIL FROM:<" + String(repeating: "a", count: 65) + "@example.org>"),
        .init(.badReversePath, "MAIL FROM:<jürgen@example.org>"),
        .init(.badReversePath, "MAIL FROM:<".wire + [0xc3] + "@example.org> SMTPUTF8".wire),
    ]

    static let recipient: [BadCommandVector] = [
        .init(.badArguments, "RCPT"),
        .init(.badArguments, "RCPT FROM:<bob@example.net>"),
        .init(.badArguments, "RCPT TO:bob@example.net"),
        .init(.badArguments, "RCPT TO:<bob@example.net> NOTIFY="),
        .init(.badArguments, "RCPT TO:<bob@example.net> NOTIFY=NEVER,SUCCESS"),
        .init(.badArguments, "RCPT TO:<bob@example.net> NOTIFY=SUCCESS,SUCCESS"),
        .init(.badArguments, "RCPT TO:<bob@example.net> NOTIFY=SUCCESS,"),
        .init(.badArguments, "RCPT TO:<bob@example.net> NOTIFY=SOMETIMES"),
        .init(.badArguments, "RCPT TO:<bob@example.net> ORCPT=rfc822"),
        .init(.badArguments, "RCPT TO:<bob@example.net> ORCPT=;bob@example.net"),
        .init(.badArguments, "RCPT TO:<bob@example.net> ORCPT=rfc822;"),
        .init(.badArguments, "RCPT TO:<bob@example.net> ORCPT=rfc822;a+0D+0Ab"),
        .init(.badArguments, "RCPT TO:<bob@example.net> ORCPT=rfc822;a+C3"),
        .init(.badArguments, "RCPT TO:<bob@example.net> ORCPT=rfc822;" + String(repeating: "x", count: 500)),
        .init(.unsupportedParameter, "RCPT TO:<bob@example.net> SIZE=3"),
        .init(.badForwardPath, "RCPT TO:<>"),
        .init(.badForwardPath, "RCPT TO:<bob>"),
        .init(.badForwardPath, "RCPT TO:<@relay.example,@b.example:bob@example.net>"),
        .init(.badForwardPath, "RCPT TO:<bob@example.net@relay.example>"),
        .init(.badForwardPath, "RCPT TO:<bob@-example.net>"),
    ]
}
