internal import DNSClient
internal import GatepostModel
internal import MailSyntax

extension UnboundResolver.Options {
    /// The name servers that the configuration names.
    init(_ dns: Configuration.DNS) {
        self.init()
        if let servers = dns.servers {
            self.servers = .forward(
                servers.map { UnboundResolver.Server(address: $0.address.description, port: $0.port) }
            )
        }
        self.validatesDNSSEC = dns.dnssec
    }
}
