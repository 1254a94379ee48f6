/// What the way of a received message is found out with. Addresses and domains are passed in canonical form (lower case).
package protocol RecipientDirectory: Sendable {
    /// Whether the domain is local; one look-up by index.
    func isLocal(domain: String) async throws -> Bool
    /// One look-up by index.
    func account(address: String) async throws -> Account?
    /// - Parameter address: `info@example.org`, or `@example.org` for the one that stands for all others; one look-up by index.
    func alias(_ address: String) async throws -> Alias?
}

/// Keeps aliases. Every change is durable when the call returns; calls throw ``StoreError``.
package protocol AliasStore: RecipientDirectory {
    /// Replaces the targets of an alias of that address.
    /// - Returns: Whether it is new.
    func setAlias(_ alias: Alias) async throws -> Bool
    /// - Returns: Whether it was there.
    func removeAlias(_ address: String) async throws -> Bool
    /// Aliases in order of address, those behind `address` when it is given.
    func aliases(after address: String?, limit: Int) async throws -> [Alias]
}
