package import DNS
package import MessageAuthentication

/// Looks whether DNS holds the record of a key.
package enum DKIMKeyWatch {
    /// What DNS holds where the record should stand.
    package enum Sighting: Hashable, Sendable {
        /// The record, and with it a key that signs may be verified.
        case published
        /// Nothing that is a key.
        case absent
        /// Another key, or the key in a record that no verifier would use; in words.
        case different(String)
        /// DNS does not say.
        case unknown(String)
    }

    /// Asks for the record of a key.
    ///
    /// - Parameter name: Where it should stand, in A-labels.
    package static func look(for key: DKIMKey, at name: String, in resolver: any Resolver) async -> Sighting {
        let texts: [TXTRecord]
        do throws(DNSError) {
            texts = try await resolver.txt(name).records
        } catch {
            return error.isTemporary ? .unknown(error.description) : .absent
        }
        var problem: String?
        for text in texts {
            do throws(DKIM.KeyRecord.Fault) {
                let record = try DKIM.KeyRecord(parsing: text.octets)
                guard let objection = self.objection(to: record, key) else { return .published }
                problem = objection
            } catch {
                problem = problem ?? error.description
            }
        }
        return problem.map { .different($0) } ?? .absent
    }

    /// Why a record does not let mail signed with the key be verified; nil when it does.
    package static func objection(to record: DKIM.KeyRecord, _ key: DKIMKey) -> String? {
        if record.isRevoked { return "p= is empty, which revokes the key" }
        if record.keyType != key.algorithm.keyType { return "it is a key of the type \(record.keyType)" }
        if record.publicKey != key.publicKey { return "p= holds another key" }
        if !record.allowsMail { return "s= does not allow mail" }
        if !record.allowsSHA256 { return "h= does not allow sha256" }
        return nil
    }

    /// How long to wait before the next look for a key that was made so long ago: often at first, for somebody sits there and waits.
    package static func pause(age: Duration) -> Duration {
        switch age {
        case ..<Duration.seconds(3600): .seconds(60)
        case ..<Duration.seconds(86_400): .seconds(300)
        default: .seconds(1800)
        }
    }
}
