/// Takes events for the audit trail.
package protocol AuditLog: Sendable {
    /// Keeps an event soon: costs a lock and an append, never waits and never fails. When more come than the disk takes, the trail says
    /// how many were lost.
    func record(_ event: AuditEvent)

    /// Keeps an event and returns once it is durable: for lock-outs and administrative actions, which are on disk before they take effect.
    ///
    /// - Throws: ``StoreError``.
    func recordDurably(_ event: AuditEvent) async throws
}
