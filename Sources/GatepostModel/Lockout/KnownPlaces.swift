internal import MailSyntax

/// Where an account logged in from, and what its clients called themselves there.
///
/// Only successes enter, so that strangers can neither add to it nor push anything out.
struct KnownPlaces: Hashable, Sendable {
    struct Client: Hashable, Sendable {
        var identity: UInt64
        var last: Timestamp
    }

    struct Place: Hashable, Sendable {
        var network: IPNetwork?
        var last: Timestamp
        var clients: [Client]
    }

    struct Change: Hashable, Sendable {
        var isNew = false
        /// Networks that had to go, because they are old or too many.
        var forgotten: [IPNetwork?] = []
    }

    static let maximumPlaces = 16
    static let maximumClients = 8
    static let life = Duration.seconds(90 * 86_400)

    private(set) var places: [Place] = []

    func place(_ network: IPNetwork?, now: Timestamp) -> Place? {
        self.places.first { $0.network == network && now - $0.last < Self.life }
    }

    mutating func loggedIn(from network: IPNetwork?, client: UInt64, now: Timestamp) -> Change {
        let entry = Client(identity: client, last: now)
        var change = Change()
        guard let index = self.places.firstIndex(where: { $0.network == network }) else {
            change.isNew = true
            change.forgotten = self.places.filter { now - $0.last >= Self.life }.map(\.network)
            self.places.removeAll { now - $0.last >= Self.life }
            if self.places.count >= Self.maximumPlaces,
                let oldest = self.places.indices.min(by: { self.places[$0].last < self.places[$1].last })
            {
                change.forgotten.append(self.places.remove(at: oldest).network)
            }
            self.places.append(Place(network: network, last: now, clients: [entry]))
            return change
        }
        self.places[index].last = now
        if let known = self.places[index].clients.firstIndex(where: { $0.identity == client }) {
            self.places[index].clients[known].last = now
            return change
        }
        if self.places[index].clients.count >= Self.maximumClients,
            let oldest = self.places[index].clients.indices.min(by: {
                self.places[index].clients[$0].last < self.places[index].clients[$1].last
            })
        {
            self.places[index].clients.remove(at: oldest)
        }
        self.places[index].clients.append(entry)
        return change
    }
}
