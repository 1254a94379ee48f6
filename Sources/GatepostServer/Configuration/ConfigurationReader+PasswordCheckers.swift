internal import GatepostModel
internal import MailSyntax
internal import SASL

extension ConfigurationReader {
    private static let kinds = ["pam", "ldap", "dovecot"]

    /// `authentication.passwordCheckers`: each record names one other store and whom it answers for.
    mutating func passwordCheckers() -> [Configuration.PasswordChecker] {
        guard let records = self.records("authentication.passwordCheckers") else { return [] }
        var checkers: [Configuration.PasswordChecker] = []
        for record in records {
            let kinds = ConfigurationReader.kinds.filter { self.node("\(record).\($0)") != nil }
            guard let kind = kinds.first, kinds.count == 1 else {
                self.fault(record, "must have one of pam, ldap and dovecot")
                continue
            }
            let read: Configuration.PasswordChecker.Kind? =
                switch kind {
                case "pam": self.pam("\(record).pam").map { .pam($0) }
                case "ldap": self.ldap("\(record).ldap").map { .ldap($0) }
                default: self.dovecot("\(record).dovecot").map { .dovecot($0) }
                }
            guard let read else { continue }
            var checker = Configuration.PasswordChecker(kind: read)
            for (path, text) in self.words("\(record).domains") ?? [] {
                if let domain = self.domainName(path, text) { checker.domains.append(domain) }
            }
            checker.createsAccounts = self.boolean("\(record).createAccounts") ?? false
            checker.timeout = self.duration("\(record).timeout", in: .seconds(1) ... .seconds(120)) ?? checker.timeout
            checkers.append(checker)
            self.show(record, ConfigurationReader.text(of: checker))
        }
        return checkers
    }

    /// What does not fit together: a client that can do SCRAM tries nothing else when SCRAM fails.
    mutating func checkPasswordCheckers(of authentication: Configuration.Authentication) {
        guard !authentication.passwordCheckers.isEmpty else { return }
        guard authentication.mechanisms.contains(where: { $0 == .plain || $0 == .login }) else {
            self.fault("authentication.mechanisms", "authentication.passwordCheckers needs PLAIN or LOGIN among them")
            return
        }
        let others = authentication.mechanisms.filter { $0.description.hasPrefix("SCRAM-") }
        if !others.isEmpty {
            self.warn(
                "authentication.passwordCheckers",
                "accounts whose passwords are elsewhere cannot use SCRAM, and many clients try nothing else where it is offered:"
                    + " set authentication.mechanisms: [PLAIN, LOGIN]"
            )
        }
    }

    private static func text(of checker: Configuration.PasswordChecker) -> String {
        var text =
            switch checker.kind {
            case .pam(let pam): "pam \(pam.service), by \(pam.name.rawValue)"
            case .ldap(let ldap): "ldap \(ldap.url)"
            case .dovecot(let dovecot): "dovecot \(dovecot.socket), by \(dovecot.name.rawValue)"
            }
        if !checker.domains.isEmpty { text += ", for \(checker.domains.joined(separator: ", "))" }
        return checker.createsAccounts ? text + ", creates accounts" : text
    }

    private mutating func pam(_ path: String) -> Configuration.PAM? {
        #if PAM
        guard let service = self.needed("\(path).service", "the name of a file in /etc/pam.d, such as gatepost")
        else { return nil }
        guard !service.isEmpty, !service.utf8.contains(UInt8(ascii: "/")) else {
            self.fault("\(path).service", "must be a file name, not '\(service)'")
            return nil
        }
        var pam = Configuration.PAM(service: service)
        pam.directory = self.text("\(path).directory").map {
            LocalFile.absolute($0, relativeTo: self.directory)
        }
        pam.name = self.choice("\(path).name", Configuration.PasswordChecker.LoginName.self) ?? pam.name
        let file = "\(pam.directory ?? "/etc/pam.d")/\(service)"
        if !LocalFile.exists(file) {
            self.warn("\(path).service", "there is no \(file): PAM then asks the service other, which lets nobody in")
        }
        return pam
        #else
        self.fault(path, "this gatepost was built without PAM: build it with the trait PAM")
        return nil
        #endif
    }

    private mutating func dovecot(_ path: String) -> Configuration.Dovecot? {
        guard let socket = self.needed("\(path).socket", "Dovecot's auth-client socket") else { return nil }
        var dovecot = Configuration.Dovecot(socket: LocalFile.absolute(socket, relativeTo: self.directory))
        if dovecot.socket.utf8.count > 107 {
            self.fault("\(path).socket", "is longer than the 107 octets that the path of a socket may have")
        }
        dovecot.name = self.choice("\(path).name", Configuration.PasswordChecker.LoginName.self) ?? dovecot.name
        return dovecot
    }

    private mutating func ldap(_ path: String) -> Configuration.LDAP? {
        #if LDAP
        guard let url = self.needed("\(path).url", "such as ldaps://ldap.example.org") else { return nil }
        let startsTLS = self.boolean("\(path).starttls") ?? false
        self.checkDirectory(url, path, startsTLS: startsTLS)
        guard let lookup = self.lookup(path) else { return nil }
        return Configuration.LDAP(
            url: url,
            startsTLS: startsTLS,
            authorities: self.text("\(path).authorities").map { self.authorities("\(path).authorities", $0) },
            lookup: lookup
        )
        #else
        self.fault(path, "this gatepost was built without LDAP: build it with the trait LDAP")
        return nil
        #endif
    }

    private mutating func authorities(_ path: String, _ text: String) -> String {
        let file = LocalFile.absolute(text, relativeTo: self.directory)
        if !LocalFile.exists(file) { self.fault(path, "there is no \(file)") }
        return file
    }

    /// A password in the clear goes to this host only, unless somebody says that it may.
    private mutating func checkDirectory(_ url: String, _ path: String, startsTLS: Bool) {
        let mayBeReadable = self.boolean("\(path).cleartext") ?? false
        guard let separator = url.firstRange(of: "://"), !url.utf8.contains(0x20) else {
            self.fault("\(path).url", "must be an ldaps, ldap or ldapi URL, not '\(url)'")
            return
        }
        switch url[..<separator.lowerBound].lowercased() {
        case "ldaps", "ldapi":
            if startsTLS { self.fault("\(path).starttls", "is for ldap:// only") }
        case "ldap":
            let rest = url[separator.upperBound...]
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            guard !startsTLS, !mayBeReadable, !ConfigurationReader.isLoopback(String(authority)) else { return }
            self.fault(
                "\(path).url",
                "would send passwords that everybody on the way can read: use ldaps://, or starttls: true"
            )
        default:
            self.fault("\(path).url", "must be an ldaps, ldap or ldapi URL, not '\(url)'")
        }
    }

    private static func isLoopback(_ authority: String) -> Bool {
        if authority == "localhost" || authority.hasPrefix("localhost:") { return true }
        return IPEndpoint(authority, defaultPort: 389)?.isLoopback
            ?? (authority.hasPrefix("[") && authority.hasSuffix("]")
                ? IPAddress(String(authority.dropFirst().dropLast()))?.isLoopback ?? false : false)
    }

    private mutating func lookup(_ path: String) -> Configuration.LDAP.Lookup? {
        let hasSearch = ["base", "scope", "filter", "bindDN", "bindPassword"].first {
            self.node("\(path).\($0)") != nil
        }
        if self.node("\(path).userDN") != nil {
            if let hasSearch {
                self.fault("\(path).\(hasSearch)", "is for a search and cannot stand beside userDN")
            }
            return self.template("\(path).userDN", .distinguishedName, "uid=%u,ou=people,dc=example,dc=org").map {
                .template($0)
            }
        }
        guard hasSearch != nil else {
            self.fault(path, "needs userDN, or base and filter: how is the user's entry found?")
            return nil
        }
        guard let base = self.needed("\(path).base", "where the search begins, such as dc=example,dc=org"),
            let filter = self.template("\(path).filter", .filter, "(mail=%s)")
        else { return nil }
        var search = Configuration.LDAP.Search(base: base, filter: filter)
        search.scope = self.choice("\(path).scope", Configuration.LDAP.Search.Scope.self) ?? search.scope
        search.bindName = self.text("\(path).bindDN")
        search.bindPassword = self.text("\(path).bindPassword").map { Secret($0) }
        if (search.bindName == nil) != (search.bindPassword == nil) {
            let missing = search.bindName == nil ? "bindDN" : "bindPassword"
            self.fault("\(path).\(missing)", "is required: bindDN and bindPassword belong together")
        }
        if search.bindPassword?.isEmpty == true { self.fault("\(path).bindPassword", "is empty") }
        return .search(search)
    }

    private mutating func template(
        _ path: String,
        _ syntax: LDAPTemplate.Syntax,
        _ example: String
    ) -> LDAPTemplate? {
        guard let text = self.needed(path, "such as \(example)") else { return nil }
        guard let template = LDAPTemplate(text, syntax) else {
            self.fault(
                path,
                "must hold %s (the address) or %u (its local part), besides %d (its domain) and %% for a per cent sign,"
                    + " such as \(example)"
            )
            return nil
        }
        return template
    }

    private mutating func needed(_ path: String, _ meaning: String) -> String? {
        guard self.node(path) != nil else {
            self.fault(path, "is required: \(meaning)")
            return nil
        }
        return self.text(path)
    }
}
