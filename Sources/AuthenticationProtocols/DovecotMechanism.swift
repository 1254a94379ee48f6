public import SASL

/// A mechanism as the handshake announces it, with what its users are told about its security.
///
///     MECH⇥CRAM-MD5⇥dictionary⇥active
///
/// A mail server leaves out what its own settings exclude by these words, such as Postfix with `smtpd_sasl_security_options = noplaintext`.
public struct DovecotMechanism: Hashable, Sendable {
    /// A word about a mechanism's security; an open set.
    public struct Property: Hashable, Sendable {
        public let name: String

        public init(_ name: String) {
            self.name = name
        }

        public static let anonymous = Property("anonymous")
        /// Hands the password or token itself over.
        public static let plaintext = Property("plaintext")
        /// Who listens can try passwords.
        public static let dictionary = Property("dictionary")
        /// Who is in the middle can break it.
        public static let active = Property("active")
        public static let forwardSecrecy = Property("forward-secrecy")
        public static let mutualAuthentication = Property("mutual-auth")
        /// Not to be offered to mail clients.
        public static let `private` = Property("private")
    }

    public var name: MechanismName
    public var properties: [Property]

    public init(_ name: MechanismName, _ properties: [Property]) {
        self.name = name
        self.properties = properties
    }

    /// With the properties that the mechanism is known to have.
    public init(_ name: MechanismName) {
        self.init(name, Self.properties(of: name))
    }

    /// SCRAM counts as safe from dictionaries, as it does with Dovecot: servers use that word to leave out CRAM-MD5 and its like.
    private static func properties(of name: MechanismName) -> [Property] {
        if SCRAMHash(mechanism: name) != nil { return [.mutualAuthentication] }
        if name.revealsPassword { return [.plaintext] }
        switch name {
        case .cramMD5, .ntlm: return [.dictionary, .active]
        case .digestMD5: return [.dictionary, .active, .mutualAuthentication]
        default: return []
        }
    }

    var line: DovecotLine {
        DovecotLine(
            .mechanism,
            [Array(self.name.description.utf8)] + self.properties.map { Array($0.name.utf8) }
        )
    }
}
