internal import DNS
internal import GatepostModel
internal import Logging
internal import MailSyntax
internal import NIOCore
internal import SMTPClient

/// What all destinations share.
struct DeliveryContext: Sendable {
    let configuration: DeliveryConfiguration
    let store: any QueueStore
    let resolver: any DNS.Resolver
    let group: any EventLoopGroup
    let clock: any WallClock
    let sleep: @Sendable (Duration) async throws -> Void
    let logger: Logger
    let counters: CounterBox
    let permits: ConnectionPermits
    let inFlight: InFlight
    let content: ContentReader
    let reporter: DeliveryReporter
    /// Asks for a task that runs ``Destination/work()``.
    let startWorker: @Sendable (Destination) -> Void
    /// A worker came to its end.
    let workerEnded: @Sendable () -> Void

    /// The addresses to try for a next hop, in their order.
    func targets(of hop: NextHop) async -> ExchangerLookup.Result {
        var generator = SystemRandomNumberGenerator()
        let lookup = ExchangerLookup(
            resolver: self.resolver,
            own: self.configuration.own,
            port: self.configuration.delivery.port
        )
        switch hop {
        case .exchangers(let domain):
            return await lookup.targets(for: domain, using: &generator)
        case .address(let address):
            return lookup.targets(for: address)
        case .local:
            switch self.configuration.delivery.local {
            case .unix(let path):
                return .targets([ExchangerTarget(name: path, endpoint: .unix(path: path))], keepFor: .seconds(60))
            case .tcp(let host, let port):
                return await self.targets(host: host, port: port)
            case nil:
                return .refuse(.transient(.noAnswerFromHost, note: "no local store is configured"))
            }
        case .relay:
            guard case .relay(let relay) = self.configuration.delivery.route else {
                return .refuse(.transient(.noAnswerFromHost, note: "no relay is configured"))
            }
            return await self.targets(host: relay.host, port: relay.port)
        }
    }

    /// A host that the configuration names. What DNS does not know may stand in the system's own tables.
    private func targets(host: String, port: Int) async -> ExchangerLookup.Result {
        let unresolved = [ExchangerTarget(name: host, endpoint: .tcp(host: host, port: port))]
        guard IPAddress(host) == nil else { return .targets(unresolved, keepFor: .seconds(3600)) }
        do throws(DNSError) {
            let answer = try await self.resolver.addresses(host)
            let targets = answer.records.compactMap { IPAddress(octets: $0.octets) }
                .map { ExchangerTarget(name: host, address: $0, port: port) }
            return .targets(targets.isEmpty ? unresolved : targets, keepFor: answer.ttl)
        } catch {
            guard error.isTemporary else { return .targets(unresolved, keepFor: .zero) }
            return .refuse(.transient(.nameServerTrouble, note: "addresses of \(host): \(error)"))
        }
    }
}
