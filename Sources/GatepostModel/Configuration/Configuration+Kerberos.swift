extension Configuration {
    /// Logins with Kerberos tickets (GSSAPI).
    package struct Kerberos: Sendable, Hashable {
        /// The key table with the keys of `smtp/…`; absolute.
        package var keytab: String
        /// Whose principals are accounts: `alice@REALM` is `alice` in the default domain. Compared octet for octet.
        package var realm: String
        /// Principals that stand for an account of another name, of other realms or with an instance.
        package var principals: [String: String]

        package init(keytab: String, realm: String, principals: [String: String] = [:]) {
            self.keytab = keytab
            self.realm = realm
            self.principals = principals
        }

        /// The login name that a principal stands for; `nil`: nobody's.
        ///
        /// A principal with an instance (`host/mail`, `alice/admin`) is somebody else than the one without, and is taken only where it is
        /// listed. The library shows a slash or an at sign inside a part with a backslash before it; such names have no account either.
        package func loginName(of principal: String) -> String? {
            if let mapped = self.principals[principal] { return mapped }
            let suffix = "@\(self.realm)"
            guard principal.hasSuffix(suffix), principal.utf8.count > suffix.utf8.count else { return nil }
            let name = String(principal.dropLast(suffix.count))
            let special: Set<UInt8> = [UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "\\")]
            guard !name.utf8.contains(where: special.contains) else { return nil }
            return name
        }
    }
}
