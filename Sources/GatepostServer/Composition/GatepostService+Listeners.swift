internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import NIOCore
internal import POP3
internal import SMTP
internal import SMTPServer

extension GatepostService {
    /// Binds all that is configured.
    func listen(
        _ wantedListeners: [Configuration.Listener],
        _ service: SubmissionService,
        _ pop3: POP3Service,
        _ reception: ReceptionService,
        tls: TLSContextSource,
        registry: SessionRegistry,
        group: any EventLoopGroup,
        clock: SystemClock,
        kerberos: KerberosLogin?
    ) async throws -> (listeners: [SubmissionListeners.Bound], names: [String]) {
        var listeners: [SubmissionListeners.Bound] = []
        var names: [String] = []
        for wanted in wantedListeners {
            let name = "\(wanted.service.rawValue):\(wanted.address.port)"
            let listener: SubmissionListeners.Bound
            do {
                switch wanted.service {
                case .submission, .device:
                    listener = .smtp(
                        try await Listener.start(
                            self.listenerConfiguration(wanted, name: name, kerberos: kerberos),
                            service: wanted.device.map { service.serving($0) } ?? service,
                            tls: tls,
                            registry: registry,
                            group: group,
                            logger: self.logger,
                            now: { clock.now().secondsSince1970 }
                        )
                    )
                case .reception:
                    listener = .smtp(
                        try await Listener.start(
                            self.receptionConfiguration(wanted, name: name),
                            service: reception,
                            tls: tls,
                            registry: registry,
                            group: group,
                            logger: self.logger,
                            now: { clock.now().secondsSince1970 }
                        )
                    )
                case .pop3:
                    listener = .pop3(
                        try await POP3Listener.start(
                            self.pop3Configuration(wanted, name: name, kerberos: kerberos),
                            service: pop3,
                            tls: tls,
                            registry: registry,
                            group: group
                        )
                    )
                }
            } catch {
                throw Failure(
                    kind: .cannotListen,
                    description: "cannot listen on \(wanted.address): \(error)",
                    hint: wanted.address.port < 1024
                        ? "Ports below 1024 need root or CAP_NET_BIND_SERVICE (see etc/gatepost.service); gatepost dev needs neither."
                        : "Another program may hold the port: ss -ltnp shows which."
                )
            }
            listeners.append(listener)
            names.append("\(wanted.service.rawValue) \(wanted.address.address):\(listener.port) \(wanted.tls.rawValue)")
        }
        return (listeners, names)
    }

    func listenerConfiguration(
        _ wanted: Configuration.Listener,
        name: String,
        kerberos: KerberosLogin?
    ) -> Listener.Configuration {
        let security: ServerSessionConfiguration.Security =
            switch wanted.tls {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        let limits = self.configuration.limits
        let device = wanted.device
        return Listener.Configuration(
            name: name,
            host: wanted.address.address.description,
            port: wanted.address.port,
            session: ServerSessionConfiguration(
                hostname: self.configuration.hostname,
                service: .submission,
                security: security,
                // Where the account is fixed there is nothing to log in for.
                mechanisms: device?.account == nil ? self.configuration.authentication.mechanisms : [],
                allowsClearTextWithoutTLS: device != nil
                    || self.configuration.authentication.cleartextWithoutTLS && wanted.address.isLoopback,
                allowsNTLMv1: self.configuration.authentication.ntlmV1,
                makeSecurityContext: kerberos?.makeContext,
                authorizesByAddress: device.map { $0.account != nil } ?? (self.configuration.popBeforeSMTP != nil),
                maximumMessageOctets: self.configuration.submission.maximumMessageSize.octets,
                maximumRecipients: self.configuration.submission.maximumRecipients,
                maximumBadCommands: limits.badCommands,
                maximumAuthenticationFailures: limits.authenticationAttempts
            ),
            timeouts: SessionTimeouts(
                command: limits.timeouts.command,
                data: limits.timeouts.data,
                tlsHandshake: limits.timeouts.tlsHandshake
            ),
            denied: self.configuration.networks.deny,
            clients: device?.clients,
            proxies: wanted.proxies,
            forwarders: wanted.xclient
        )
    }

    private func pop3Configuration(
        _ wanted: Configuration.Listener,
        name: String,
        kerberos: KerberosLogin?
    ) -> POP3Listener.Configuration {
        let security: POP3SessionConfiguration.Security =
            switch wanted.tls {
            case .starttls: .startTLS
            case .implicit: .implicit
            case .none: .none
            }
        let limits = self.configuration.limits
        return POP3Listener.Configuration(
            name: name,
            host: wanted.address.address.description,
            port: wanted.address.port,
            session: POP3SessionConfiguration(
                hostname: self.configuration.hostname,
                security: security,
                mechanisms: self.configuration.authentication.mechanisms,
                allowsClearTextWithoutTLS: self.configuration.authentication.cleartextWithoutTLS
                    && wanted.address.isLoopback,
                allowsNTLMv1: self.configuration.authentication.ntlmV1,
                makeSecurityContext: kerberos?.makeContext,
                maximumAuthenticationFailures: limits.authenticationAttempts,
                maximumBadCommands: limits.badCommands
            ),
            denied: self.configuration.networks.deny
        )
    }

    /// Said at every start: who may send without what others need.
    func sayWhoSendsWithoutTLS(_ authenticator: Authenticator) async throws {
        for listener in self.configuration.listeners {
            guard let device = listener.device else { continue }
            self.logger.warning(
                device.account == nil ? "devices may log in without TLS" : "devices may send without AUTH",
                metadata: ["address": "\(listener.address)", "tls": "\(listener.tls.rawValue)", "devices": "\(device)"]
            )
            if let account = device.account, try await authenticator.account(account) == nil {
                self.logger.warning(
                    "the account of a device listener does not exist or is disabled: nothing can be sent there",
                    metadata: ["address": "\(listener.address)", "account": "\(account)"]
                )
            }
        }
    }
}
