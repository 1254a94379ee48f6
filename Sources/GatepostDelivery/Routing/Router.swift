package import GatepostModel
package import MailSyntax
internal import SMTP

/// Decides from configuration alone where a recipient's mail goes; whom that means is for ``ExchangerLookup`` to find out.
package struct Router: Sendable {
    /// A decision: a next hop, or the reason why there is none.
    package enum Decision: Hashable, Sendable {
        case forward(NextHop)
        case refuse(Verdict)
    }

    /// Whether everything that is not local goes to the smarthost.
    package var isRelaying: Bool
    /// Whether mail for local domains goes to a store of mailboxes.
    package var hasLocalStore: Bool
    /// To A-labels (RFC 5891 §4.4); asked only about names that are not ASCII.
    package var toASCII: @Sendable (String) throws -> String

    package init(
        isRelaying: Bool,
        hasLocalStore: Bool,
        toASCII: @escaping @Sendable (String) throws -> String
    ) {
        self.isRelaying = isRelaying
        self.hasLocalStore = hasLocalStore
        self.toASCII = toASCII
    }

    package init(_ delivery: Configuration.Delivery, toASCII: @escaping @Sendable (String) throws -> String) {
        self.init(
            isRelaying: delivery.isRelaying,
            hasLocalStore: delivery.local != nil,
            toASCII: toASCII
        )
    }

    /// Local domains in the form in which ``decide(_:localDomains:)`` compares them. One that is no domain name has no recipients.
    package func comparable(_ domains: Set<String>) -> Set<String> {
        var comparable: Set<String> = []
        for domain in domains {
            do {
                comparable.insert(try self.lookUpName(domain))
            } catch {
                continue
            }
        }
        return comparable
    }

    /// - Parameter localDomains: As ``comparable(_:)`` returns them.
    package func decide(_ recipient: ForwardPath, localDomains: Set<String>) -> Decision {
        // The bare postmaster is whoever answers for this host (RFC 5321 §4.5.1).
        guard let mailbox = recipient.mailbox else {
            if self.hasLocalStore { return .forward(.local) }
            return self.isRelaying ? .forward(.relay) : .refuse(.permanent(.noMailboxForPostmaster))
        }
        switch mailbox.domain {
        case .address(let address):
            return .forward(self.isRelaying ? .relay : .address(address))
        case .name(let name):
            let domain: String
            do {
                domain = try self.lookUpName(name)
            } catch {
                // A relay may know better what to do with the name.
                guard !self.isRelaying else { return .forward(.relay) }
                return .refuse(.permanent(.domainNameInvalid, note: "\(name): \(error)"))
            }
            if self.hasLocalStore, localDomains.contains(domain) { return .forward(.local) }
            return .forward(self.isRelaying ? .relay : .exchangers(of: domain))
        }
    }

    private func lookUpName(_ name: String) throws -> String {
        let isASCII = name.utf8.allSatisfy { $0 < 0x80 }
        return ASCII.lowercased(isASCII ? name : try self.toASCII(name))
    }
}

extension Configuration.Delivery {
    fileprivate var isRelaying: Bool {
        if case .relay = self.route { true } else { false }
    }
}
