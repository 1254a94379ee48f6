package import GatepostModel
package import MailSyntax
internal import Synchronization

/// Addresses from which an account may send without AUTH for a while, since it just read its mail from there (POP-before-SMTP).
///
/// Whoever shares the address shares the permit: that is why there are none unless the configuration asks for them.
package final class RelayPermits: Sendable {
    /// Who logged in, with what, and until when that lets send.
    package struct Permit: Sendable {
        package var account: Account
        /// Its rules hold for what is sent; nil for a ticket, a token or a certificate.
        package var credential: Credential?
        package var ends: Timestamp
    }

    /// More than any office has devices; beyond, no new ones are given until some have ended.
    static let maximumPermits = 10_000

    private let duration: Duration
    private let clock: any WallClock
    private let permits = Mutex<[IPAddress: Permit]>([:])

    package init(duration: Duration, clock: any WallClock) {
        self.duration = duration
        self.clock = clock
    }

    /// Opens or lengthens a permit. The last account that logged in from an address has it.
    ///
    /// - Returns: When it ends; nil when there are too many.
    package func open(
        for account: Account,
        credential: Credential?,
        at address: IPAddress
    ) -> Timestamp? {
        let now = self.clock.now()
        let ends = now + self.duration
        return self.permits.withLock { permits in
            if permits[address] == nil, permits.count >= Self.maximumPermits {
                permits = permits.filter { $0.value.ends > now }
                guard permits.count < Self.maximumPermits else { return nil }
            }
            permits[address] = Permit(account: account, credential: credential, ends: ends)
            return ends
        }
    }

    /// Ends the account's permit at an address; another account's stays.
    package func close(for account: String, at address: IPAddress) {
        self.permits.withLock { permits in
            if permits[address]?.account.address == account { permits[address] = nil }
        }
    }

    /// What was opened for an address and has not ended. The account may have changed since.
    package func permit(at address: IPAddress) -> Permit? {
        let now = self.clock.now()
        return self.permits.withLock { permits in
            guard let permit = permits[address] else { return nil }
            guard permit.ends > now else {
                permits[address] = nil
                return nil
            }
            return permit
        }
    }
}
