package import SASL

/// A password that was changed, or an app password that was revoked: it opens nothing, but whoever still tries it can be told so.
///
/// Kept are the keys that tell a right guess from a wrong one (SCRAM, digest), not what a login would need.
package struct FormerCredential: Hashable, Sendable {
    package var id: Int64
    package var kind: CredentialKind
    package var name: String
    /// When it ended.
    package var retired: Timestamp
    package var scram: [SCRAMCredential]
    package var digest: [UInt8]?

    package init(
        id: Int64,
        kind: CredentialKind,
        name: String,
        retired: Timestamp,
        scram: [SCRAMCredential],
        digest: [UInt8]? = nil
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.retired = retired
        self.scram = scram
        self.digest = digest
    }
}

/// When and from where a credential last let somebody in.
package struct CredentialUse: Hashable, Sendable, Codable {
    /// ``Credential/id``.
    package var credential: Int64
    package var time: Timestamp
    /// As text; nil on a local socket.
    package var address: String?

    package init(credential: Int64, time: Timestamp, address: String?) {
        self.credential = credential
        self.time = time
        self.address = address
    }
}
