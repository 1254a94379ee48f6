internal import MailSyntax

/// What somebody typed as login name, and which account it means.
///
/// A name is never refused for its form: a whole address, an address that one account was granted, or a bare name in the default domain.
package struct LoginName: Hashable, Sendable {
    /// Which form led to the account, or would have.
    package enum Form: String, Hashable, Sendable, Codable, CaseIterable {
        /// The account's own address.
        case address
        /// A bare name, with the default domain added.
        case bareName = "bare-name"
        /// An address that the account was granted.
        case grantedAddress = "granted-address"
    }

    package enum Resolution: Hashable, Sendable {
        case account(String, Form)
        /// Granted to more than one account: to guess between them would let one log in as the other.
        case ambiguous(String)
        /// Neither an account's address nor granted to one.
        case unknown(String)
        /// A bare name, and no domain to add.
        case noDomain
    }

    /// The address that is looked up first, in lower case; nil for a bare name without a default domain.
    package let address: String?
    private let isBare: Bool

    /// - Parameter defaultDomain: For bare names, in lower case.
    package init(_ typed: String, defaultDomain: String?) {
        // Octets, not characters: what looks the same to Unicode need not be the same name.
        let name = ASCII.lowercased(typed)
        if name.utf8.contains(ASCII.at) {
            self.address = name
            self.isBare = false
        } else {
            self.address = defaultDomain.map { "\(name)@\($0)" }
            self.isBare = true
        }
    }

    /// The address whose grants are looked up where no account has it; nil for a pattern, which no one may log in as.
    package var ownerAddress: String? {
        guard let address = self.address, let pattern = IdentityPattern(address), case .address = pattern else {
            return nil
        }
        return pattern.description
    }

    /// - Parameters:
    ///   - exists: Whether there is an account of the name ``address``.
    ///   - owners: The accounts that were granted exactly ``ownerAddress``; asked for only where there is none of that name.
    package func resolve(exists: Bool, owners: [String]) -> Resolution {
        guard let address = self.address else { return .noDomain }
        if exists { return .account(address, self.isBare ? .bareName : .address) }
        switch owners.count {
        case 0: return .unknown(address)
        case 1: return .account(owners[0], .grantedAddress)
        default: return .ambiguous(address)
        }
    }
}
