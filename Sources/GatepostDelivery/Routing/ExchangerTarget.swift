package import MailSyntax
package import SMTPClient

/// One address of one host that takes mail for a next hop.
package struct ExchangerTarget: Hashable, Sendable, CustomStringConvertible {
    /// The host's name, as for SNI; the address in brackets where there is only that.
    package var name: String
    package var endpoint: Endpoint

    package init(name: String, endpoint: Endpoint) {
        self.name = name
        self.endpoint = endpoint
    }

    package init(name: String, address: IPAddress, port: Int) {
        self.init(name: name, endpoint: .tcp(host: address.description, port: port))
    }

    /// `mx1.example.org [192.0.2.7]:25`, as logs and notifications show it.
    package var description: String {
        switch self.endpoint {
        case .unix(let path): return path
        case .tcp(let host, let port):
            guard let address = IPAddress(host) else { return "\(host):\(port)" }
            let literal = Domain.address(address).description
            return self.name == literal || self.name == host ? "\(literal):\(port)" : "\(self.name) \(literal):\(port)"
        }
    }
}
