import GatepostModel
import GatepostSQLite
import GatepostTesting
import MailSyntax
import SMTP
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

typealias AnyStore = AccountStore & QueueStore & SandboxStore

/// The stores that must keep one contract.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case sqlite
    case memory

    var testDescription: String { self.rawValue }

    /// Runs `body` with an empty store.
    func withStore(_ body: (any AnyStore) async throws -> Void) async throws {
        switch self {
        case .memory:
            try await body(MemoryStore())
        case .sqlite:
            try await withTemporaryDirectory { directory in
                let store = try await SQLiteStore.open(dataDirectory: directory)
                try await body(store)
                try await store.close()
            }
        }
    }
}

/// Runs `body` with a directory of its own, removed afterwards.
func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
    var generator = SystemRandomNumberGenerator()
    let directory = "/tmp/gatepost-store-test-\(generator.next())"
    try #require(mkdir(directory, 0o700) == 0)
    defer { removeTree(directory) }
    try await body(directory)
}

private func removeTree(_ directory: String) {
    for name in names(in: directory) {
        let path = "\(directory)/\(name)"
        if unlink(path) != 0 { removeTree(path) }
    }
    rmdir(directory)
}

/// The names in a directory, without `.` and `..`.
func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// All octets of a file.
func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        try #require(count >= 0)
        guard count > 0 else { return octets }
        octets += buffer[..<count]
    }
}

/// The permission bits of a file.
func mode(of path: String) throws -> UInt32 {
    var status = stat()
    try #require(stat(path, &status) == 0, "\(path)")
    return UInt32(status.st_mode) & 0o777
}

/// Writes a file, for the spool.
func write(_ octets: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(write(descriptor, octets, octets.count) == octets.count)
}

let noon = Timestamp(secondsSince1970: 1_795_521_600)

/// Makes messages with identifiers that follow one another.
struct MessageMaker {
    private var count: Int64 = 0

    mutating func message(
        to recipients: [String] = ["bob@example.net"],
        content: [UInt8] = Array("Subject: hello\r\n\r\nhello\r\n".utf8),
        account: String? = "alice@example.org",
        route: MessageRoute = .deliver,
        subject: String? = "hello"
    ) throws -> NewMessage {
        self.count += 1
        let received = noon + .milliseconds(self.count)
        return NewMessage(
            identifier: MessageIdentifier(created: received, random: [1, 2, 3, 4, 5, 6, 7, 8, 9]),
            envelope: Envelope(
                reversePath: .mailbox(try Mailbox(parsing: "alice@example.org")),
                envid: "QQ314159",
                ret: .headers,
                body: .eightBitMIME,
                isSMTPUTF8: true
            ),
            recipients: try recipients.map { address in
                EnvelopeRecipient(
                    forwardPath: address.isEmpty ? .postmaster : .mailbox(try Mailbox(parsing: address)),
                    notify: [.failure, .delay],
                    originalRecipient: OriginalRecipient(addressType: "rfc822", address: address)
                )
            },
            content: .inline(content),
            account: account,
            received: received,
            route: route,
            subject: subject
        )
    }
}

extension RecipientResult {
    static func delivered(_ message: MessageIdentifier, _ recipient: Int) -> RecipientResult {
        RecipientResult(
            message: message,
            recipient: recipient,
            outcome: .delivered,
            attempt: DeliveryAttempt(at: noon, peer: "mx.example.net", reply: Reply(250, .init(2, 0, 0), "ok"))
        )
    }

    static func deferred(_ message: MessageIdentifier, _ recipient: Int, until next: Timestamp) -> RecipientResult {
        RecipientResult(
            message: message,
            recipient: recipient,
            outcome: .deferred(next: next, delayNotified: true),
            attempt: DeliveryAttempt(
                at: noon,
                peer: "mx.example.net [192.0.2.7]:25",
                reply: Reply(451, .init(4, 7, 1), "Greylisted,", "come back later"),
                note: "at RCPT",
                isEncrypted: true
            )
        )
    }
}
