internal import MailSyntax

/// A JWT in the compact form, taken apart and not yet believed (RFC 7515 §3.1, §7.1).
///
/// ```
/// eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUub3JnIn0.c2lnbmF0dXJl
/// ```
struct SignedToken: Sendable {
    let algorithm: String
    /// `kid`: which of the issuer's keys.
    let keyIdentifier: String?
    /// Extensions that must be understood (RFC 7515 §4.1.11); none is.
    let hasCriticalExtensions: Bool
    let claims: ClaimSet
    let signedOctets: ArraySlice<UInt8>
    let signature: [UInt8]

    /// - Returns: `nil` where the octets are not such a token: then they are opaque.
    init?(_ token: [UInt8]) {
        let parts = token.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3,
            let head = Self.decode(parts[0]), let header = ClaimSet(json: head),
            let body = Self.decode(parts[1]), let claims = ClaimSet(json: body),
            let signature = Self.decode(parts[2]),
            let algorithm = header.text("alg")
        else { return nil }
        self.algorithm = algorithm
        self.keyIdentifier = header.text("kid")
        self.hasCriticalExtensions = header.contains("crit")
        self.claims = claims
        self.signedOctets = token[..<parts[1].endIndex]
        self.signature = signature
    }

    /// base64url without padding (RFC 7515 §2); a signature may be empty, and then proves nothing.
    private static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var standard: [UInt8] = []
        standard.reserveCapacity(text.count + 2)
        for octet in text {
            switch octet {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(octet)
            }
        }
        while !standard.count.isMultiple(of: 4) { standard.append(UInt8(ascii: "=")) }
        return Base64.decode(standard)
    }
}
