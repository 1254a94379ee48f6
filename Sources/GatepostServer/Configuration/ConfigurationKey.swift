/// Every key of the configuration file, once; help, suggestions and environment overrides are read off this table.
package struct ConfigurationKey: Sendable, Hashable {
    package enum Shape: Sendable, Hashable {
        /// One word or number.
        case value
        /// A list of words.
        case words
        /// A list of mappings.
        case records
        /// More keys below.
        case section
    }

    /// Dotted; the keys of a list's records follow `[]`.
    package var path: String
    package var shape: Shape
    /// Known, but this version does not do it yet.
    package var isLater: Bool

    private init(_ path: String, _ shape: Shape = .value, later: Bool = false) {
        self.path = path
        self.shape = shape
        self.isLater = later
    }

    package static let all: [ConfigurationKey] = [
        ConfigurationKey("hostname"),
        ConfigurationKey("data"),
        ConfigurationKey("tls", .section),
        ConfigurationKey("tls.certificate"),
        ConfigurationKey("tls.key"),
        ConfigurationKey("tls.clientAuthorities"),
        ConfigurationKey("listeners", .records),
        ConfigurationKey("listeners[].service"),
        ConfigurationKey("listeners[].address"),
        ConfigurationKey("listeners[].tls"),
        ConfigurationKey("listeners[].proxyProtocol", .words),
        ConfigurationKey("listeners[].xclient", .words),
        ConfigurationKey("listeners[].clients", .words),
        ConfigurationKey("listeners[].account"),
        ConfigurationKey("listeners[].from"),
        ConfigurationKey("listeners[].otherFrom"),
        ConfigurationKey("listeners[].recipients", .words),
        ConfigurationKey("listeners[].messagesPerHour"),
        ConfigurationKey("storage"),
        ConfigurationKey("postmaster"),
        ConfigurationKey("dns", .section),
        ConfigurationKey("dns.servers", .words),
        ConfigurationKey("dns.dnssec"),
        ConfigurationKey("authentication", .section),
        ConfigurationKey("authentication.mechanisms", .words),
        ConfigurationKey("authentication.cleartextWithoutTLS"),
        ConfigurationKey("authentication.defaultDomain"),
        ConfigurationKey("authentication.cache"),
        ConfigurationKey("authentication.passwordPolicy", .section),
        ConfigurationKey("authentication.passwordPolicy.minimumLength"),
        ConfigurationKey("authentication.passwordPolicy.minimumStrength"),
        ConfigurationKey("authentication.passwordPolicy.remember"),
        ConfigurationKey("authentication.passwordPolicy.refuseReuse"),
        ConfigurationKey("authentication.passwordPolicy.maximumAge"),
        ConfigurationKey("authentication.passwordPolicy.breachedPasswords"),
        ConfigurationKey("authentication.passwordPolicy.enforce"),
        ConfigurationKey("authentication.oauth", .records),
        ConfigurationKey("authentication.oauth[].issuer"),
        ConfigurationKey("authentication.oauth[].audience"),
        ConfigurationKey("authentication.oauth[].accountClaim"),
        ConfigurationKey("authentication.oauth[].scope"),
        ConfigurationKey("authentication.oauth[].sharedKey"),
        ConfigurationKey("authentication.oauth[].keySet"),
        ConfigurationKey("authentication.oauth[].introspection", .section),
        ConfigurationKey("authentication.oauth[].introspection.url"),
        ConfigurationKey("authentication.oauth[].introspection.clientID"),
        ConfigurationKey("authentication.oauth[].introspection.clientSecret"),
        ConfigurationKey("authentication.passwordCheckers", .records),
        ConfigurationKey("authentication.passwordCheckers[].domains", .words),
        ConfigurationKey("authentication.passwordCheckers[].createAccounts"),
        ConfigurationKey("authentication.passwordCheckers[].timeout"),
        ConfigurationKey("authentication.passwordCheckers[].pam", .section),
        ConfigurationKey("authentication.passwordCheckers[].pam.service"),
        ConfigurationKey("authentication.passwordCheckers[].pam.directory"),
        ConfigurationKey("authentication.passwordCheckers[].pam.name"),
        ConfigurationKey("authentication.passwordCheckers[].ldap", .section),
        ConfigurationKey("authentication.passwordCheckers[].ldap.url"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.starttls"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.cleartext"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.authorities"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.userDN"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.base"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.scope"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.filter"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.bindDN"),
        ConfigurationKey("authentication.passwordCheckers[].ldap.bindPassword"),
        ConfigurationKey("authentication.passwordCheckers[].dovecot", .section),
        ConfigurationKey("authentication.passwordCheckers[].dovecot.socket"),
        ConfigurationKey("authentication.passwordCheckers[].dovecot.name"),
        ConfigurationKey("authentication.kerberos", .section),
        ConfigurationKey("authentication.kerberos.keytab"),
        ConfigurationKey("authentication.kerberos.realm"),
        ConfigurationKey("authentication.kerberos.principals", .records),
        ConfigurationKey("authentication.kerberos.principals[].principal"),
        ConfigurationKey("authentication.kerberos.principals[].account"),
        ConfigurationKey("authentication.external", .section),
        ConfigurationKey("authentication.external.accountFrom"),
        ConfigurationKey("authentication.ntlmV1"),
        ConfigurationKey("authentication.dovecotSocket"),
        ConfigurationKey("authentication.saslauthdSocket"),
        ConfigurationKey("authentication.socketMode"),
        ConfigurationKey("authentication.lockout", .section),
        ConfigurationKey("authentication.lockout.attempts"),
        ConfigurationKey("authentication.lockout.window"),
        ConfigurationKey("authentication.lockout.duration"),
        ConfigurationKey("authentication.lockout.guessesPerDay"),
        ConfigurationKey("authentication.lockout.accounts"),
        ConfigurationKey("submission", .section),
        ConfigurationKey("submission.maximumMessageSize"),
        ConfigurationKey("submission.maximumRecipients"),
        ConfigurationKey("submission.limits", .section),
        ConfigurationKey("submission.limits.messagesPerHour"),
        ConfigurationKey("submission.limits.messagesPerDay"),
        ConfigurationKey("submission.limits.recipientsPerHour"),
        ConfigurationKey("submission.limits.recipientsPerDay"),
        ConfigurationKey("submission.limits.newRecipientsPerDay"),
        ConfigurationKey("submission.limits.sessions"),
        ConfigurationKey("submission.limits.action"),
        ConfigurationKey("submission.limits.newNetworkRecipients"),
        ConfigurationKey("submission.limits.newNetworkAge"),
        ConfigurationKey("milters", .records),
        ConfigurationKey("milters[].name"),
        ConfigurationKey("milters[].socket"),
        ConfigurationKey("milters[].for", .words),
        ConfigurationKey("milters[].onFailure"),
        ConfigurationKey("milters[].timeouts", .section),
        ConfigurationKey("milters[].timeouts.connect"),
        ConfigurationKey("milters[].timeouts.command"),
        ConfigurationKey("milters[].timeouts.content"),
        ConfigurationKey("milters[].timeouts.endOfMessage"),
        ConfigurationKey("milters[].timeouts.longest"),
        ConfigurationKey("reception", .section),
        ConfigurationKey("reception.maximumMessageSize"),
        ConfigurationKey("reception.maximumRecipients"),
        ConfigurationKey("reception.subaddressing"),
        ConfigurationKey("reception.dmarc", .section),
        ConfigurationKey("reception.dmarc.reject"),
        ConfigurationKey("reception.dmarc.quarantine"),
        ConfigurationKey("reception.dmarc.invalidFrom"),
        ConfigurationKey("reception.spfFail"),
        ConfigurationKey("reception.reverseDNS"),
        ConfigurationKey("reception.dnsLists", .records),
        ConfigurationKey("reception.dnsLists[].zone"),
        ConfigurationKey("reception.dnsLists[].weight"),
        ConfigurationKey("reception.dnsListReject"),
        ConfigurationKey("reception.dnsListQuarantine"),
        ConfigurationKey("reception.greylisting", .section),
        ConfigurationKey("reception.greylisting.delay"),
        ConfigurationKey("reception.greylisting.window"),
        ConfigurationKey("reception.greylisting.remember"),
        ConfigurationKey("reception.timeout"),
        ConfigurationKey("popBeforeSMTP", .section),
        ConfigurationKey("popBeforeSMTP.duration"),
        ConfigurationKey("popBeforeSMTP.endsOnLogout"),
        ConfigurationKey("networks", .section),
        ConfigurationKey("networks.allow", .words),
        ConfigurationKey("networks.deny", .words),
        ConfigurationKey("delivery", .section),
        ConfigurationKey("delivery.route"),
        ConfigurationKey("delivery.relay", .section),
        ConfigurationKey("delivery.relay.host"),
        ConfigurationKey("delivery.relay.port"),
        ConfigurationKey("delivery.relay.tls"),
        ConfigurationKey("delivery.relay.user"),
        ConfigurationKey("delivery.relay.password"),
        ConfigurationKey("delivery.relay.mechanism"),
        ConfigurationKey("delivery.relay.keytab"),
        ConfigurationKey("delivery.relay.certificate"),
        ConfigurationKey("delivery.relay.key"),
        ConfigurationKey("delivery.relay.oauth", .section),
        ConfigurationKey("delivery.relay.oauth.provider"),
        ConfigurationKey("delivery.relay.oauth.flow"),
        ConfigurationKey("delivery.relay.oauth.clientID"),
        ConfigurationKey("delivery.relay.oauth.clientSecret"),
        ConfigurationKey("delivery.relay.oauth.refreshToken"),
        ConfigurationKey("delivery.relay.oauth.tenant"),
        ConfigurationKey("delivery.relay.oauth.tokenEndpoint"),
        ConfigurationKey("delivery.relay.oauth.deviceEndpoint"),
        ConfigurationKey("delivery.relay.oauth.authorizationEndpoint"),
        ConfigurationKey("delivery.relay.oauth.scope"),
        ConfigurationKey("delivery.local"),
        ConfigurationKey("delivery.retry", .section),
        ConfigurationKey("delivery.retry.first"),
        ConfigurationKey("delivery.retry.maximum"),
        ConfigurationKey("delivery.retry.expire"),
        ConfigurationKey("delivery.port"),
        ConfigurationKey("delivery.connections"),
        ConfigurationKey("delivery.connectionsPerDestination"),
        ConfigurationKey("limits", .section),
        ConfigurationKey("limits.connections"),
        ConfigurationKey("limits.connectionsPerAddress"),
        ConfigurationKey("limits.connectionsPerMinute"),
        ConfigurationKey("limits.failuresPerMinute"),
        ConfigurationKey("limits.badCommands"),
        ConfigurationKey("limits.authenticationAttempts"),
        ConfigurationKey("limits.hashingThreads"),
        ConfigurationKey("limits.hashingQueue"),
        ConfigurationKey("limits.timeouts", .section),
        ConfigurationKey("limits.timeouts.command"),
        ConfigurationKey("limits.timeouts.data"),
        ConfigurationKey("limits.timeouts.tlsHandshake"),
        ConfigurationKey("limits.timeouts.shutdown"),
        ConfigurationKey("audit", .section),
        ConfigurationKey("audit.retention", .section),
        ConfigurationKey("audit.retention.authentication"),
        ConfigurationKey("audit.retention.administration"),
        ConfigurationKey("audit.retention.sending"),
        ConfigurationKey("reports", .section),
        ConfigurationKey("reports.address"),
        ConfigurationKey("reports.retention"),
        ConfigurationKey("reports.sendAggregate"),
        ConfigurationKey("reports.from"),
        ConfigurationKey("reports.organization"),
        ConfigurationKey("log", .section),
        ConfigurationKey("log.level"),
        ConfigurationKey("log.format"),
    ]

    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

    /// The key behind a path as faults show it, where list elements have their number: `listeners[2].tls`.
    package static func at(_ path: String) -> ConfigurationKey? {
        ConfigurationKey.byPath[ConfigurationKey.withoutIndices(path)]
    }

    /// The names one level below; of the whole file for the empty path.
    package static func names(below path: String) -> [String] {
        let prefix = path.isEmpty ? "" : ConfigurationKey.withoutIndices(path) + "."
        return ConfigurationKey.all.compactMap { key in
            guard key.path.hasPrefix(prefix) else { return nil }
            let name = key.path.dropFirst(prefix.count)
            return name.contains(".") || name.contains("[") || name.isEmpty ? nil : String(name)
        }
    }

    /// Another section that has a key of this name.
    package static func elsewhere(_ name: String) -> String? {
        ConfigurationKey.all.first { $0.path.hasSuffix(".\(name)") && !$0.path.contains("[]") }?.path
    }

    /// `submission.maximumMessageSize` → `GATEPOST_SUBMISSION_MAXIMUM_MESSAGE_SIZE`.
    package var variable: String {
        var name = "GATEPOST_"
        var previousWasLower = false
        for character in self.path.unicodeScalars {
            let isUpper = ("A"..."Z").contains(character)
            if isUpper, previousWasLower { name += "_" }
            previousWasLower = ("a"..."z").contains(character)
            name += character == "." ? "_" : String(character).uppercased()
        }
        return name
    }

    private static func withoutIndices(_ path: String) -> String {
        var result = ""
        var isInside = false
        for character in path {
            if character == "]" { isInside = false }
            if !isInside { result.append(character) }
            if character == "[" { isInside = true }
        }
        return result
    }
}
