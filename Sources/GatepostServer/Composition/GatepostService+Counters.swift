internal import GatepostDelivery
internal import GatepostModel
internal import GatepostSQLite
internal import SMTPServer

extension GatepostService {
    /// What `gatepost status` counts, by name.
    func counters(
        _ submission: SubmissionCounters,
        _ reception: ReceptionCounters,
        _ signer: MailSigner,
        _ loginGuard: LoginGuard,
        _ registry: SessionRegistry,
        _ runner: QueueRunner,
        _ store: SQLiteStore,
        _ trail: SQLiteAuditTrail
    ) -> [String: Int] {
        let audit = trail.statistics
        let delivery = runner.counters
        let commits = store.commitStatistics
        return [
            "sessions": registry.count,
            "loginsSucceeded": submission.succeededLogins,
            "locks": loginGuard.locks().count,
            "loginsRefused": submission.refusedLogins,
            "messagesAccepted": submission.acceptedMessages,
            "messagesRefused": submission.refusedMessages,
            "messagesSigned": signer.signedMessages,
            "messagesUnsigned": signer.unsignedMessages,
            "messagesReceived": reception.acceptedMessages,
            "receivedMessagesRefused": reception.refusedMessages,
            "receivedRecipientsRefused": reception.refusedRecipients,
            "messagesInFlight": runner.messagesInFlight,
            "recipientsDelivered": delivery.delivered,
            "recipientsDeferred": delivery.deferred,
            "recipientsFailed": delivery.failed,
            "notificationsSent": delivery.notifications,
            "connectionsOut": delivery.connections,
            "transactionsOut": delivery.transactions,
            "transactionsReused": delivery.reused,
            "storeCommits": commits.commits,
            "storeOperations": commits.operations,
            "storeFailures": commits.failedCommits,
            "auditRecords": audit.records,
            "auditRecordsLost": audit.lost,
            "auditFailures": audit.failedCommits,
        ]
    }
}
