import Foundation

/// Somebody else's DKIM, driven by a program of Tests/MessageAuthenticationTests/Programs.
struct SignatureVerifier: Sendable, CustomStringConvertible {
    let description: String
    private let command: [String]
    let knowsEd25519: Bool
    private let check: [String]

    private static let programs = "\(Program.packageRoot)/Tests/MessageAuthenticationTests/Programs"

    static let all = [
        SignatureVerifier(
            description: "dkimpy",
            command: ["/usr/bin/python3", "\(programs)/dkimpy.py"],
            knowsEd25519: true,
            check: ["/usr/bin/python3", "-c", "import dkim, nacl"]
        ),
        SignatureVerifier(
            description: "OpenDKIM",
            command: ["/usr/bin/python3", "\(programs)/opendkim.py"],
            knowsEd25519: true,
            check: ["/usr/bin/python3", "-c", "import ctypes; ctypes.CDLL('libopendkim.so.11')"]
        ),
        SignatureVerifier(
            description: "Mail::DKIM",
            command: ["/usr/bin/perl", "\(programs)/maildkim.pl"],
            knowsEd25519: false,
            check: ["/usr/bin/perl", "-MMail::DKIM::Verifier", "-e", "1"]
        ),
    ]

    /// Those that this machine has; says which it has not.
    static func present() async throws -> [SignatureVerifier] {
        var present: [SignatureVerifier] = []
        for verifier in all {
            if try await run(verifier.check).succeeded {
                present.append(verifier)
            } else {
                print("SKIPPED: \(verifier) is not installed: Scripts/packages clients")
            }
        }
        return present
    }

    /// What it says of each signature of a message with CRLF line ends, from the top.
    ///
    /// - Parameter keys: By name, the text of the record.
    func verdicts(_ message: [UInt8], keys: [String: String]) async throws -> [String] {
        let folder = try TemporaryFolder("dkim")
        let zone = try folder.write("zone", keys.map { "\($0.key) \($0.value)\n" }.joined())
        let completed = try await succeed(command + ["verify", zone, try folder.write("message", message)])
        return String(decoding: completed.output, as: UTF8.self).split(whereSeparator: \.isWhitespace).dropFirst()
            .map(String.init)
    }
}
