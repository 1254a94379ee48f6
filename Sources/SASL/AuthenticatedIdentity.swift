/// Who has proved to be whom (RFC 4422 §2).
public struct AuthenticatedIdentity: Hashable, Sendable {
    /// Whose credentials were proved, prepared with SASLprep.
    public var authenticationIdentity: String
    /// Whom the client asked to act as; `nil` where it did not ask.
    ///
    /// The mechanism does not judge it. Who may act as whom is the caller's decision, before it says yes to the client.
    public var authorizationIdentity: String?
    /// The label of the ``SCRAMAlternative`` that was proved; `nil` where it was the credential itself, and for other mechanisms.
    public var alternative: Int64?

    public init(authenticationIdentity: String, authorizationIdentity: String? = nil, alternative: Int64? = nil) {
        self.authenticationIdentity = authenticationIdentity
        self.authorizationIdentity = authorizationIdentity
        self.alternative = alternative
    }

    /// Whether the client asked to act as somebody other than the identity it proved. Octets are compared, so that a caller
    /// whose identities have more than one spelling compares for itself.
    public var asksForOtherIdentity: Bool {
        guard let authorizationIdentity else { return false }
        return !authorizationIdentity.utf8.elementsEqual(self.authenticationIdentity.utf8)
    }
}
