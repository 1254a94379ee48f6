import Crypto
import CryptoExtras
import DNS
import Foundation
import MessageAuthentication

/// Keys of ours in Tests/Vectors/dkim, for `example.org`.
enum TestKeys {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Vectors/dkim")

    static func path(_ name: String) -> String { self.folder.appendingPathComponent("\(name).pem").path }

    static func pem(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: self.folder.appendingPathComponent("\(name).pem")), as: UTF8.self)
    }

    static func key(_ name: String) throws -> DKIM.SigningKey { try DKIM.SigningKey(pem: self.pem(name)) }

    /// A signer whose selector is the key's name.
    static func signer(
        _ name: String,
        domain: String = "example.org",
        _ canonicalization: DKIM.Canonicalization = .relaxed
    ) throws -> DKIM.Signer {
        DKIM.Signer(domain: domain, selector: name, key: try self.key(name), canonicalization: canonicalization)
    }

    /// The records of all keys.
    static func records() throws -> [String: String] {
        var records: [String: String] = [:]
        for name in ["rsa2048", "rsa1024", "ed25519"] {
            records["\(name)._domainkey.example.org"] = try self.key(name).keyRecord.description
        }
        return records
    }

    static func zone() throws -> Zone { Zone(keys: try self.records()) }
}

/// The message with its signatures on top.
func signed(_ message: [UInt8], _ signers: DKIM.Signer..., at now: Int64 = 1_800_000_000) throws -> [UInt8] {
    var signer = MessageSigner(signers, secondsSince1970: now)
    signer.receive(message)
    return try signer.finish().fields.flatMap(\.octets) + message
}

let sample = message(
    "From: Ann <ann@example.org>",
    "To: bob@example.net",
    "Subject: Hello",
    "  there",
    "Date: Fri, 21 Nov 2025 12:00:00 +0000",
    "Message-ID: <1@example.org>",
    "",
    "Hi  Bob,",
    "",
    "lunch? ",
    "",
    ""
)
