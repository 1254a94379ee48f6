import Foundation
import GatepostModel
import GatepostTesting
import Logging
import MailSyntax
import SASL
import Synchronization
import Testing

@testable import GatepostServer

/// The pages in `docs/reasons/`. Their examples are made by the code: `GATEPOST_SNAPSHOTS=write` writes them anew.
@Suite("Each reason code has a page, and each page a code")
struct ReasonPageTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/reasons")

    private final class Lines: LogOutput {
        private let kept = Mutex("")
        var text: String { self.kept.withLock { $0 } }
        func write(_ line: String) { self.kept.withLock { $0 += line } }
    }

    private static func event(_ reason: AuthenticationReason) -> AuthenticationEvent {
        var attempt = LoginAttempt(
            time: MockClock().now(),
            loginName: "alice@example.com",
            account: "alice@example.com",
            mechanism: .plain,
            address: IPAddress("192.0.2.7"),
            listener: "submission:465",
            tls: "1.3",
            clientName: "phone",
            secretTag: 0x3f9c
        )
        switch reason {
        case .unknownAccount:
            attempt.loginName = "alcie"
            attempt.account = "alcie@example.com"
        case .noDomain:
            attempt.loginName = "alice"
            attempt.account = nil
        case .domainNotHosted:
            attempt.loginName = "alice@example.net"
            attempt.account = "alice@example.net"
        case .mechanismRefused: attempt.mechanism = .cramMD5
        case .channelBinding: attempt.mechanism = .scramSHA256Plus
        case .certificateUnknown: attempt.mechanism = .external
        case .tokenExpired, .tokenAudience, .tokenIssuer, .tokenSignature, .tokenScope, .tokenRefused:
            attempt.mechanism = .oauthBearer
        case .kerberosFailed, .kerberosPrincipal, .clockSkew:
            attempt.mechanism = MechanismName("GSSAPI") ?? .plain
        case .tlsRequired:
            attempt.listener = "submission:587"
            attempt.tls = nil
        default: break
        }
        let hasSecret: [AuthenticationReason] = [
            .unknownAccount, .noDomain, .domainNotHosted, .wrongPassword, .oldPassword, .locked, .disabled, .expired,
            .needsAppPassword, .passwordChange, .addressRefused, .notAuthorized, .sandbox,
        ]
        if !hasSecret.contains(reason) { attempt.secretTag = nil }
        if [.malformed, .latin1, .cancelled, .tlsRequired, .tooMany, .certificateUnknown, .kerberosFailed, .clockSkew]
            .contains(reason)
        {
            attempt.loginName = ""
            attempt.account = nil
        }
        return AuthenticationEvent(
            attempt: attempt,
            result: .refused(reason),
            reference: AuthenticationReference(random: [0x3c, 0xc7, 0x64, 0xda, 0x8d])
        )
    }

    private static func logLine(_ event: AuthenticationEvent) -> String {
        let lines = Lines()
        let logger = Logger(label: "gatepost") {
            TextLogHandler(label: $0, level: .info, clock: MockClock(), output: lines)
        }
        logger.notice("auth", metadata: LoginRecorder.metadata(event))
        return lines.text
    }

    /// The page's last two sections.
    private static func examples(_ reason: AuthenticationReason) -> String {
        let event = Self.event(reason)
        let explanation = CaseFile(event: event).explanation
        return """
            ## In the log

            ```
            \(Self.logLine(event))```

            ## Explained

            ```
            $ gatepost audit explain \(event.reference)
            \(explanation.lines.joined(separator: "\n"))
            ```

            """
    }

    @Test(
        "the page says what it means, how it comes about, what to do, and shows both forms",
        arguments: AuthenticationReason.allCases
    )
    func page(_ reason: AuthenticationReason) throws {
        let file = Self.folder.appending(path: "\(reason.rawValue).md")
        var text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(text.hasPrefix("# \(reason.rawValue)\n\n"))
        #expect(text.contains("\n## How it comes about\n\n- "))
        #expect(text.contains("\n## What to do\n\n- "))
        let examples = Self.examples(reason)
        if ProcessInfo.processInfo.environment["GATEPOST_SNAPSHOTS"] == "write" {
            let start = try #require(text.range(of: "## In the log")).lowerBound
            text = String(text[..<start]) + examples
            try Data(text.utf8).write(to: file)
        }
        #expect(text.hasSuffix(examples))
    }

    @Test("there is no page without a code, and the list has them all")
    func complete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let codes = Set(AuthenticationReason.allCases.map { "\($0.rawValue).md" })
        #expect(Set(files) == codes.union(["README.md"]))
        let list = String(
            decoding: try Data(contentsOf: Self.folder.appending(path: "README.md")),
            as: UTF8.self
        )
        for file in codes { #expect(list.contains("](\(file))")) }
    }
}
