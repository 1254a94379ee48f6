/// What a credential is for.
package enum CredentialKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// The account's main password, chosen by a person.
    case password
    /// A long random password for one device or program (``AppSecret``).
    case appPassword = "app-password"
    /// A random token for the HTTP interface.
    case apiToken = "api-token"
}
