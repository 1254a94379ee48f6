/// Keeps the keys that domains sign with. The rules of ``AccountStore`` hold: changes are durable, domains canonical.
package protocol DKIMKeyStore: Sendable {
    /// The keys of a domain, or of all domains, in order of domain and age; those of the past too.
    func dkimKeys(of domain: String?) async throws -> [DKIMKey]
    /// Changes the keys of a domain in one transaction.
    ///
    /// - Parameter body: May run more than once. What it throws undoes the change. Keys are added and changed, never removed.
    func changeDKIMKeys<Value: Sendable>(
        of domain: String,
        _ body: @escaping @Sendable (inout DKIMKeySet) throws -> Value
    ) async throws -> Value
}
