internal import DNS
internal import GatepostDelivery
internal import GatepostModel
internal import GatepostSQLite
internal import Logging
internal import MailSyntax
internal import SMTP
internal import SMTPServer

extension GatepostService {
    /// Those of the configuration; where it names none and a domain is local, reception beside them.
    func listeners(_ store: SQLiteStore) async throws -> [Configuration.Listener] {
        var listeners = self.configuration.listeners
        if self.configuration.hasDefaultListeners, let reception = Configuration.Listener.reception,
            !(try await store.domains()).isEmpty
        {
            listeners.append(reception)
        }
        if listeners.contains(where: { $0.service == .reception }) { try await self.sayWhatReceptionHolds(store) }
        return listeners
    }

    /// Said at every start: what is accepted and then goes nowhere.
    private func sayWhatReceptionHolds(_ store: SQLiteStore) async throws {
        if self.configuration.delivery.local == nil {
            self.logger.warning(
                "no delivery.local is set: mail received for accounts is held in the queue, but that for sandbox accounts"
            )
        }
        if self.configuration.postmaster == nil {
            self.logger.warning(
                "no postmaster is set: mail for a postmaster who is no account or alias is held, and failures of received mail whose sender is not proved are only logged"
            )
        }
    }

    func reception(
        store: SQLiteStore,
        spool: SpoolDirectory,
        resolver: any Resolver,
        returnPaths: ReturnPaths,
        clock: SystemClock,
        counters: ReceptionCounters,
        milters: MilterContext,
        audit: any AuditLog,
        queued: @escaping @Sendable () -> Void
    ) -> ReceptionService {
        ReceptionService(
            directory: store,
            recipients: RecipientRules(self.configuration),
            rules: self.configuration.reception,
            queue: store,
            spool: spool,
            resolver: resolver,
            clock: clock,
            hostname: self.configuration.hostname,
            delivery: ReceptionService.Delivery(
                hasLocalStore: self.configuration.delivery.local != nil,
                isHolding: self.isHolding
            ),
            returnPaths: returnPaths,
            trusted: self.configuration.networks.allow,
            counters: counters,
            milters: milters,
            audit: audit,
            logger: self.logger,
            queued: queued
        )
    }

    func receptionConfiguration(_ wanted: Configuration.Listener, name: String) -> Listener.Configuration {
        let limits = self.configuration.limits
        return Listener.Configuration(
            name: name,
            host: wanted.address.address.description,
            port: wanted.address.port,
            session: ServerSessionConfiguration(
                hostname: self.configuration.hostname,
                service: .reception,
                security: wanted.tls == .starttls ? .startTLS : .none,
                // Nobody logs in here.
                mechanisms: [],
                maximumMessageOctets: self.configuration.reception.maximumMessageSize.octets,
                maximumRecipients: self.configuration.reception.maximumRecipients,
                maximumBadCommands: limits.badCommands
            ),
            timeouts: SessionTimeouts(
                command: limits.timeouts.command,
                data: limits.timeouts.data,
                tlsHandshake: limits.timeouts.tlsHandshake
            ),
            denied: self.configuration.networks.deny,
            proxies: wanted.proxies,
            forwarders: wanted.xclient
        )
    }
}
