public import MailSyntax
public import SASL

/// An `AUTH` command of Dovecot's authentication protocol: a mail server passes on that its client wants to log in.
///
///     AUTH⇥1⇥PLAIN⇥service=smtp⇥secured⇥lip=192.0.2.25⇥rip=198.51.100.7⇥resp=AGFsaWNlAHNlY3JldA==
///
/// All but the mechanism and the response is what the mail server says, which is as true as the mail server.
public struct DovecotAuthRequest: Sendable {
    /// Chosen by the mail server; used by no other open request of the connection.
    public var identifier: UInt32
    public var mechanism: MechanismName
    public var initialResponse: InitialResponse
    /// What the mail server is: `smtp`, `imap`; empty where it did not say.
    public var service = ""
    /// The client reached the mail server over TLS, or from the same host.
    public var isSecured = false
    /// The mail server passes data on that comes with the success; else it must go as one more challenge (RFC 4422 §3.6).
    public var acceptsFinalData = false
    /// The client's address.
    public var remoteAddress: IPAddress?
    public var remotePort: UInt16?
    /// The mail server's address that the client reached.
    public var localAddress: IPAddress?
    public var localPort: UInt16?
    /// The client showed a certificate that the mail server verified.
    public var hasValidCertificate = false
    /// Whom that certificate names.
    public var certificateUser: String?
    /// The mail server's name for the client's session.
    public var session: String?
    /// The request is not to be counted against the client's address.
    public var isExemptFromPenalty = false
    /// No master connection will ask about the login.
    public var needsNoLogin = false

    public init(identifier: UInt32, mechanism: MechanismName, initialResponse: InitialResponse = .absent) {
        self.identifier = identifier
        self.mechanism = mechanism
        self.initialResponse = initialResponse
    }

    /// Reads the parameters behind the identifier and the mechanism; unknown ones mean nothing.
    ///
    /// - Returns: nil when the initial response is not base64.
    init?(identifier: UInt32, mechanism: MechanismName, parameters: some Sequence<[UInt8]>) {
        self.init(identifier: identifier, mechanism: mechanism)
        for parameter in parameters {
            let equals = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.endIndex
            let name = String(decoding: parameter[..<equals], as: UTF8.self)
            let value = parameter[equals...].dropFirst()
            if name == "resp" {
                guard let response = Self.response(value) else { return nil }
                self.initialResponse = response
                // A mail server may have put in here what its client sent, tabs and all: what follows the first one is the
                // client's word, not the mail server's.
                return
            }
            self.set(name, String(decoding: value, as: UTF8.self))
        }
    }

    private mutating func set(_ name: String, _ value: String) {
        switch name {
        case "service", "protocol": self.service = value
        case "secured": self.isSecured = true
        case "transport": if value == "TLS" || value == "trusted" { self.isSecured = true }
        case "final-resp-ok": self.acceptsFinalData = true
        case "rip": self.remoteAddress = IPAddress(value)?.unmapped
        case "lip": self.localAddress = IPAddress(value)?.unmapped
        case "rport": self.remotePort = UInt16(value)
        case "lport": self.localPort = UInt16(value)
        case "valid-client-cert": self.hasValidCertificate = true
        case "cert_username": self.certificateUser = value
        case "session": self.session = value
        case "no-penalty": self.isExemptFromPenalty = true
        case "nologin": self.needsNoLogin = true
        default: break
        }
    }

    /// Exim has no way to say that there was no initial response and sends an empty one. An initial response of zero octets is `=`, as in
    /// SMTP (RFC 4954 §4).
    private static func response(_ text: ArraySlice<UInt8>) -> InitialResponse? {
        if text.isEmpty { return .absent }
        if text.elementsEqual("=".utf8) { return .present([]) }
        return Base64.decode(text).map { .present($0) }
    }
}

extension DovecotAuthRequest: CustomStringConvertible {
    /// Without the response, which may hold a password.
    public var description: String { "AUTH \(self.identifier) \(self.mechanism) for \(self.service)" }
}
