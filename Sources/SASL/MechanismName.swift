/// The registered name of a SASL mechanism, such as `SCRAM-SHA-256` (RFC 4422 §3.1).
///
/// One to twenty upper-case letters, digits, hyphens and underscores. The set is open: a name that this library has no
/// mechanism for is still a name.
public struct MechanismName: Hashable, Sendable, CustomStringConvertible {
    /// The name in upper case.
    public let description: String

    private init(known name: String) {
        self.description = name
    }

    /// Takes the name as a peer wrote it; ASCII letters are raised, since names are compared without case in SMTP.
    ///
    /// - Returns: `nil` unless the name is 1 to 20 octets of `A-Z a-z 0-9 - _` (RFC 4422 §3.1).
    public init?(_ octets: some Sequence<UInt8>) {
        var name: [UInt8] = []
        for octet in octets {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                name.append(octet & 0xDF)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                name.append(octet)
            default:
                return nil
            }
            guard name.count <= 20 else { return nil }
        }
        guard !name.isEmpty else { return nil }
        self.description = String(decoding: name, as: UTF8.self)
    }

    /// The same from text.
    public init?(_ name: some StringProtocol) {
        self.init(name.utf8)
    }

    /// `PLAIN` (RFC 4616).
    public static let plain = MechanismName(known: "PLAIN")
    /// `LOGIN`, never standardised, still asked for by many mail programs (draft-murchison-sasl-login).
    public static let login = MechanismName(known: "LOGIN")
    /// `CRAM-MD5` (RFC 2195).
    public static let cramMD5 = MechanismName(known: "CRAM-MD5")
    /// `DIGEST-MD5` (RFC 2831; made historic by RFC 6331).
    public static let digestMD5 = MechanismName(known: "DIGEST-MD5")
    /// `NTLM` (MS-NLMP, MS-SMTPNTLM).
    public static let ntlm = MechanismName(known: "NTLM")
    /// `SCRAM-SHA-1` (RFC 5802).
    public static let scramSHA1 = MechanismName(known: "SCRAM-SHA-1")
    /// `SCRAM-SHA-256` (RFC 7677).
    public static let scramSHA256 = MechanismName(known: "SCRAM-SHA-256")
    /// `SCRAM-SHA-512` (draft-melnikov-scram-sha-512).
    public static let scramSHA512 = MechanismName(known: "SCRAM-SHA-512")
    /// `SCRAM-SHA-1-PLUS`: bound to the TLS connection.
    public static let scramSHA1Plus = MechanismName(known: "SCRAM-SHA-1-PLUS")
    /// `SCRAM-SHA-256-PLUS`.
    public static let scramSHA256Plus = MechanismName(known: "SCRAM-SHA-256-PLUS")
    /// `SCRAM-SHA-512-PLUS`.
    public static let scramSHA512Plus = MechanismName(known: "SCRAM-SHA-512-PLUS")
    /// `EXTERNAL` (RFC 4422, appendix A).
    public static let external = MechanismName(known: "EXTERNAL")
    /// `GSSAPI`: Kerberos 5 (RFC 4752).
    public static let gssapi = MechanismName(known: "GSSAPI")
    /// `OAUTHBEARER` (RFC 7628).
    public static let oauthBearer = MechanismName(known: "OAUTHBEARER")
    /// `XOAUTH2`, Google's and Microsoft's own form of a bearer token.
    public static let xoauth2 = MechanismName(known: "XOAUTH2")

    /// Whether the mechanism hands the password or token itself to the server, so that it needs TLS (RFC 4954 §4).
    public var revealsPassword: Bool {
        self == .plain || self == .login || self == .oauthBearer || self == .xoauth2
    }

    /// Whether the mechanism needs something to bind to in the TLS connection.
    public var bindsToChannel: Bool {
        self == .scramSHA1Plus || self == .scramSHA256Plus || self == .scramSHA512Plus
    }
}
