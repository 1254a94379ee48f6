internal import DNS
internal import GatepostModel
internal import MailSyntax

/// What lists in DNS say about a client's address.
struct ListScore: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var zone: String
        var weight: Int
        /// What the list gives as its reason.
        var reason: String?
    }

    /// A list that could not be asked, or is none any more; it counts for nothing.
    struct Silence: Hashable, Sendable {
        var zone: String
        var why: String
    }

    var entries: [Entry] = []
    var silent: [Silence] = []

    var total: Int { self.entries.reduce(0) { $0 + $1.weight } }

    /// The entry that a refusal names.
    var worst: Entry? { self.entries.max { $0.weight < $1.weight } }

    private enum Outcome: Sendable {
        case entry(Entry)
        case silence(Silence)
        case nothing
    }

    /// Asks all lists at the same time.
    static func look(
        up address: IPAddress,
        in lists: [Configuration.Reception.List],
        resolver: some Resolver
    ) async -> ListScore {
        guard !lists.isEmpty, let wanted = DNSAddress(octets: address.unmapped.octets) else { return ListScore() }
        let outcomes = await withTaskGroup(of: (Int, Outcome).self) { group in
            for (index, list) in lists.enumerated() {
                group.addTask { (index, await self.outcome(of: wanted, list, resolver)) }
            }
            var outcomes: [(Int, Outcome)] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
        }
        var score = ListScore()
        for outcome in outcomes {
            switch outcome {
            case .entry(let entry): score.entries.append(entry)
            case .silence(let silence): score.silent.append(silence)
            case .nothing: break
            }
        }
        return score
    }

    private static func outcome(
        of address: DNSAddress,
        _ list: Configuration.Reception.List,
        _ resolver: some Resolver
    ) async -> Outcome {
        guard let dnsList = DNSList(list.zone) else { return .nothing }
        do throws(DNSError) {
            switch try await dnsList.finding(for: address, in: resolver) {
            case .absent: return .nothing
            case .refused(let values):
                return .silence(Silence(zone: list.zone, why: "does not answer this resolver (\(values))"))
            case .notAList: return .silence(Silence(zone: list.zone, why: "is no list any more"))
            case .listed:
                var entry = Entry(zone: list.zone, weight: list.weight)
                do throws(DNSError) {
                    entry.reason = try await dnsList.reason(for: address, in: resolver)
                } catch {
                    // The entry counts without its reason.
                }
                return .entry(entry)
            }
        } catch {
            return .silence(Silence(zone: list.zone, why: "\(error)"))
        }
    }
}
