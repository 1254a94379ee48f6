/// The one message of PLAIN (RFC 4616 §2): `[authzid] NUL authcid NUL passwd`.
struct PlainMessage: Sendable {
    var authenticationIdentity: String
    var authorizationIdentity: String?
    var password: Secret

    /// Reads the message and prepares all three parts.
    init(parsing octets: [UInt8]) throws(ServerFailure) {
        guard octets.count <= 2 * Identity.maximumOctets + Secret.maximumPasswordOctets + 2 else {
            throw ServerFailure(.malformed)
        }
        let fields = octets.split(separator: 0, omittingEmptySubsequences: false)
        guard fields.count == 3 else { throw ServerFailure(.malformed) }
        do {
            self.authenticationIdentity = try Identity.prepare(fields[1])
        } catch {
            throw ServerFailure(error.isLatin1(fields[1]) ? .latin1 : .malformed)
        }
        do {
            self.authorizationIdentity = fields[0].isEmpty ? nil : try Identity.prepare(fields[0])
        } catch {
            let isLatin1 = error.isLatin1(fields[0])
            throw ServerFailure(
                isLatin1 ? .latin1 : .malformed,
                authenticationIdentity: isLatin1 ? nil : self.authenticationIdentity
            )
        }
        self.password = try Self.preparePassword(fields[2], of: self.authenticationIdentity)
    }

    /// A password as received, prepared; shared with LOGIN.
    static func preparePassword(
        _ octets: some Collection<UInt8>,
        of authenticationIdentity: String
    ) throws(ServerFailure) -> Secret {
        do {
            return try Secret(octets).preparedPassword()
        } catch {
            switch error {
            case .empty, .tooLong, .invalidUTF8:
                throw ServerFailure(
                    error.isLatin1(octets) ? .latin1 : .malformed,
                    authenticationIdentity: authenticationIdentity
                )
            case .prohibitedCharacter, .mixedDirections, .unassignedCodePoint:
                // "If the preparation fails […] verification SHALL fail" (RFC 4616 §2): it cannot be anyone's password.
                throw ServerFailure(.wrongCredentials, authenticationIdentity: authenticationIdentity)
            }
        }
    }
}
