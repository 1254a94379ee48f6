internal import GatepostModel
internal import GatepostSQLite
internal import Logging

extension GatepostService {
    /// The audit trail and what records logins in it.
    struct Audit: Sendable {
        var trail: SQLiteAuditTrail
        var tags: SecretTags
        var recorder: LoginRecorder
    }

    /// - Throws: ``Failure`` when the key cannot be used, `StoreError`.
    func openAudit(clock: any WallClock, counters: SubmissionCounters) throws -> Audit {
        let key: AuditKey
        do {
            key = try AuditKeyFile.open(inDirectory: self.configuration.data)
        } catch {
            throw Failure(kind: .configuration, description: "\(error)", hint: nil)
        }
        let trail = try SQLiteAuditTrail.open(dataDirectory: self.configuration.data, key: key, clock: clock)
        if let fault = trail.faultAtOpen {
            self.logger.error(
                "the audit trail does not fit: gatepost audit verify tells more",
                metadata: ["fault": "\(fault)"]
            )
        }
        return Audit(
            trail: trail,
            tags: SecretTags(directory: self.configuration.data),
            recorder: LoginRecorder(trail: trail, counters: counters, logger: self.logger)
        )
    }
}
