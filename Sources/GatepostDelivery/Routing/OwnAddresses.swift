package import GatepostModel
package import MailSyntax

/// By what names and addresses this server would meet itself, so that it never sends to itself (RFC 5321 §5.1).
package struct OwnAddresses: Hashable, Sendable {
    /// In lower case.
    package var names: Set<String>
    /// The addresses and ports on which this server receives mail from others.
    package var listening: Set<IPEndpoint>
    /// The addresses of this host's interfaces, which a listener on every interface has.
    package var interfaces: Set<IPAddress>

    package init(names: Set<String>, listening: Set<IPEndpoint> = [], interfaces: Set<IPAddress> = []) {
        self.names = names
        self.listening = listening
        self.interfaces = interfaces
    }

    package init(_ configuration: Configuration, interfaces: Set<IPAddress>) {
        self.init(
            names: [configuration.hostname.lowercased()],
            listening: Set(configuration.listeners.map(\.address)),
            interfaces: interfaces
        )
    }

    package func isOwn(name: String) -> Bool { self.names.contains(name) }

    package func isOwn(_ address: IPAddress, port: Int) -> Bool {
        if address.isUnspecified { return true }
        return self.listening.contains { listener in
            guard listener.port == port else { return false }
            if listener.address == address { return true }
            return listener.address.isUnspecified && (address.isLoopback || self.interfaces.contains(address))
        }
    }
}
