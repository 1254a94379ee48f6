internal import DNS
internal import MailSyntax
internal import MessageAuthentication

/// The name of a client's address, believed only when it leads back to the address (iprev, RFC 8601 §2.7.3).
struct ReverseName: Hashable, Sendable {
    enum Result: String, Hashable, Sendable {
        case pass
        /// There are names, and none of them has the address.
        case fail
        case temperror
        /// There is no name.
        case permerror
    }

    /// Names that are looked at; anybody may write a thousand.
    private static let maximumNames = 5

    var address: IPAddress
    var result: Result
    /// The name that leads back; only with `pass`.
    var name: String?

    static func look(up address: IPAddress, in resolver: some Resolver) async -> ReverseName {
        guard let wanted = DNSAddress(octets: address.unmapped.octets) else {
            return ReverseName(address: address, result: .permerror)
        }
        let names: [String]
        do throws(DNSError) {
            names = try await resolver.ptr(wanted).records
        } catch {
            return ReverseName(address: address, result: error.isTemporary ? .temperror : .permerror)
        }
        guard !names.isEmpty else { return ReverseName(address: address, result: .permerror) }
        var isUncertain = false
        for name in names.prefix(Self.maximumNames) {
            do throws(DNSError) {
                let addresses = try await resolver.addresses(name).records
                if addresses.contains(wanted) { return ReverseName(address: address, result: .pass, name: name) }
            } catch {
                isUncertain = isUncertain || error.isTemporary
            }
        }
        return ReverseName(address: address, result: isUncertain ? .temperror : .fail)
    }

    var authenticationResult: AuthenticationResults.Result {
        AuthenticationResults.Result(
            AuthenticationResults.Method.iprev,
            self.result.rawValue,
            comment: self.name,
            properties: [.init(.policy, "iprev", "\(self.address)")]
        )
    }
}
