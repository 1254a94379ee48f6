internal import GatepostModel
internal import SASL
internal import SASLKerberos

extension ConfigurationReader {
    /// `authentication.kerberos`: the server's keys, and whose principals are accounts.
    mutating func kerberos() -> Configuration.Kerberos? {
        let section = "authentication.kerberos"
        guard let node = self.node(section), case .mapping = node.content else { return nil }
        guard KerberosSupport.isBuiltIn else {
            self.fault(
                section,
                "needs a build with the package trait Kerberos: build again with it, or remove the section"
            )
            return nil
        }
        guard let keytab = self.keytab("\(section).keytab") else { return nil }
        guard self.node("\(section).realm") != nil else {
            self.fault("\(section).realm", "is required: the realm whose principals are accounts, such as EXAMPLE.ORG")
            return nil
        }
        guard let realm = self.text("\(section).realm") else { return nil }
        guard !realm.isEmpty, realm.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x40 && $0 != 0x2F }) else {
            self.fault("\(section).realm", "must be a realm such as EXAMPLE.ORG, not '\(realm)'")
            return nil
        }
        if realm.utf8.contains(where: { (0x61...0x7A).contains($0) }) {
            self.warn(
                "\(section).realm",
                "has small letters: realms are compared as they are written, and usually EXAMPLE.ORG"
            )
        }
        let kerberos = Configuration.Kerberos(
            keytab: keytab,
            realm: realm,
            principals: self.principals("\(section).principals")
        )
        self.show("\(section).keytab", keytab)
        self.show("\(section).realm", realm)
        return kerberos
    }

    /// GSSAPI and the keys it needs come together.
    mutating func fit(_ authentication: inout Configuration.Authentication) {
        let isNamed = self.node("authentication.mechanisms") != nil
        if authentication.kerberos != nil, !isNamed {
            authentication.mechanisms.insert(.gssapi, at: 0)
        } else if authentication.kerberos != nil, !authentication.mechanisms.contains(.gssapi) {
            self.warn("authentication.kerberos", "is without effect: GSSAPI is not among authentication.mechanisms")
        } else if authentication.mechanisms.contains(.gssapi), self.node("authentication.kerberos") == nil {
            self.fault(
                "authentication.mechanisms",
                "GSSAPI needs authentication.kerberos: { keytab: smtp.keytab, realm: EXAMPLE.ORG }"
            )
        }
    }

    /// Acquires the keys exactly as the server does.
    mutating func checkKeytab(_ kerberos: Configuration.Kerberos?) {
        #if Kerberos
        guard let kerberos else { return }
        do throws(LocalFile.Failure) {
            _ = try LocalFile.read(kerberos.keytab)
        } catch {
            let hint =
                error.isNotPermitted
                ? ": give it to the user that gatepost runs as" : error.isAbsent ? ": see docs/operation.md" : ""
            return self.fault("authentication.kerberos.keytab", "\(error)\(hint)")
        }
        do throws(SecurityContextFailure) {
            _ = try KerberosAcceptor(keytab: kerberos.keytab, replayCache: .none)
        } catch {
            self.fault(
                "authentication.kerberos.keytab",
                "\(kerberos.keytab) has no key of smtp/… that can be used: \(error)"
            )
        }
        #endif
    }

    /// `delivery.relay` with `mechanism: GSSAPI`: a ticket in place of a password, of `user` where it is set.
    mutating func useTickets(_ relay: inout Configuration.Relay) {
        let keytab = "delivery.relay.keytab"
        guard relay.mechanism == .gssapi else {
            if self.node(keytab) != nil { self.fault(keytab, "needs mechanism: GSSAPI") }
            return
        }
        #if Kerberos
        if relay.password != nil {
            self.fault("delivery.relay.password", "has no use with mechanism: GSSAPI: remove it")
        }
        let tickets =
            self.node(keytab) == nil ? KerberosInitiator.Tickets.user : self.keytab(keytab).map { .keytab($0) } ?? .user
        if case .keytab(let path) = tickets {
            if !LocalFile.isReadable(path) { self.fault(keytab, "cannot read \(path)") }
            relay.keytab = path
        }
        relay.securityContexts = KerberosInitiator(host: relay.host, principal: relay.user, tickets: tickets)
        #else
        self.fault("delivery.relay.mechanism", "GSSAPI needs a build with the package trait Kerberos")
        #endif
    }

    private mutating func keytab(_ path: String) -> String? {
        guard let node = self.node(path) else {
            self.fault(path, "is required: the key table with the keys of smtp/\(self.text("hostname") ?? "HOST")")
            return nil
        }
        guard case .text(let text) = node.content else {
            self.fault(path, "must be the path of a key table, not \(node.kind)")
            return nil
        }
        // Here the file itself is meant, so `file:` adds nothing, in the library's spelling too.
        for prefix in ["file:", "FILE:"] where text.hasPrefix(prefix) {
            return LocalFile.absolute(String(text.dropFirst(prefix.count)), relativeTo: self.directory)
        }
        return self.text(path).map { LocalFile.absolute($0, relativeTo: self.directory) }
    }

    private mutating func principals(_ path: String) -> [String: String] {
        var principals: [String: String] = [:]
        for record in self.records(path) ?? [] {
            guard self.node("\(record).principal") != nil, self.node("\(record).account") != nil else {
                self.fault(record, "must be { principal: host/x.example.org@EXAMPLE.ORG, account: x@example.org }")
                continue
            }
            guard let principal = self.text("\(record).principal"), let account = self.text("\(record).account") else {
                continue
            }
            guard principal.contains("@") else {
                self.fault("\(record).principal", "must have its realm: \(principal)@EXAMPLE.ORG")
                continue
            }
            if principals.updateValue(account, forKey: principal) != nil {
                self.fault("\(record).principal", "\(principal) is there twice")
            }
            self.show("\(record).principal", "\(principal) is \(account)")
        }
        return principals
    }
}
