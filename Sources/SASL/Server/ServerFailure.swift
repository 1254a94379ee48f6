/// Why an exchange failed. For the log and for the choice of reply; the client must not learn the reason for a refusal.
public struct ServerFailure: Error, Hashable, Sendable {
    /// The cause; an open set.
    public struct Reason: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }

        /// The response breaks the mechanism's grammar or its limits.
        public static let malformed = Reason("malformed response")
        /// A name or a password is not UTF-8 but reads well in an old client's encoding, ISO 8859-1 or Windows-1252: it can be nobody's,
        /// and whoever looks into the refusal should know.
        public static let latin1 = Reason("Latin-1 where UTF-8 is due")
        /// Wrong password, unknown identity, or a credential that does not exist: not told apart.
        public static let wrongCredentials = Reason("wrong credentials")
        /// The client asked for channel binding, which is not offered, or contradicts itself about it (RFC 5802 §6).
        public static let channelBindingMismatch = Reason("channel binding mismatch")
        /// The client cancelled the exchange.
        public static let cancelled = Reason("cancelled")
        /// The back end's answer is of another kind than the question.
        public static let unexpectedAnswer = Reason("answer of the wrong kind")
        /// A call came after the exchange had ended, or before it was due.
        public static let outOfSequence = Reason("out of sequence")
    }

    public var reason: Reason
    /// Whom the client claimed to be, as far as it was understood.
    public var authenticationIdentity: String?
    /// The label of the ``SCRAMAlternative`` that was proved but is not accepted.
    public var alternative: Int64?

    public init(_ reason: Reason, authenticationIdentity: String? = nil, alternative: Int64? = nil) {
        self.reason = reason
        self.authenticationIdentity = authenticationIdentity
        self.alternative = alternative
    }

    /// Whether the peer broke the syntax (SMTP: `501 5.5.2`) rather than failed to prove an identity (`535 5.7.8`).
    ///
    /// A name in Latin-1 is no name; a password in Latin-1 is a wrong one.
    public var isMalformed: Bool {
        self.reason == .malformed || self.reason == .latin1 && self.authenticationIdentity == nil
    }
}
