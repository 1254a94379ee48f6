/// The server's side of CRAM-MD5 (RFC 2195).
///
/// ```
/// C: AUTH CRAM-MD5
/// S: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
/// C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
/// S: 235 2.7.0 Authentication successful
/// ```
struct CRAMMD5Server: ServerMechanism {
    private enum State {
        /// → `challenged`, `finished`
        case idle
        /// The client owes its digest. → `asked`, `finished`
        case challenged
        /// The shared secret is being looked up. → `finished`
        case asked(authenticationIdentity: String, digest: [UInt8])
        case finished
    }

    private var state: State = .idle
    private let challenge: [UInt8]

    var name: MechanismName { .cramMD5 }

    init(nonce: [UInt8], hostname: String, secondsSince1970: Int64) {
        // The form of a message identifier, and nobody else's: random digits, time, host (RFC 2195 §2).
        let random = Hexadecimal.encode(nonce)
        self.init(challenge: Array("<".utf8) + random + Array(".\(secondsSince1970)@\(hostname)>".utf8))
    }

    init(challenge: [UInt8]) {
        self.challenge = challenge
    }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        // The server speaks first here, and must refuse a client that did (RFC 4954 §4).
        guard case .absent = initialResponse else { return self.fail(ServerFailure(.malformed)) }
        self.state = .challenged
        return .challenge(self.challenge)
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        guard case .challenged = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        // The digest has no space, the user name may have some: the last one separates them.
        guard response.count <= Identity.maximumOctets + 33,
            let space = response.lastIndex(of: UInt8(ascii: " ")),
            response.endIndex - space == 33,
            // RFC 2195 asks for lower case and some clients send upper; the octets are the same.
            let digest = Hexadecimal.decode(response[(space + 1)...])
        else { return self.fail(ServerFailure(.malformed)) }
        let authenticationIdentity: String
        do {
            authenticationIdentity = try Identity.prepare(response[..<space])
        } catch {
            return self.fail(ServerFailure(error.isLatin1(response[..<space]) ? .latin1 : .malformed))
        }
        self.state = .asked(authenticationIdentity: authenticationIdentity, digest: digest)
        return .question(
            .sharedSecret(
                SharedSecretQuestion(mechanism: self.name, authenticationIdentity: authenticationIdentity)
            )
        )
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .asked(let authenticationIdentity, let digest) = self.state else {
            return self.fail(ServerFailure(.outOfSequence))
        }
        guard case .sharedSecret(let secret) = answer else {
            return self.fail(ServerFailure(.unexpectedAnswer, authenticationIdentity: authenticationIdentity))
        }
        // The same work whether there is a secret or not.
        let expected = CRAMMD5.digest(challenge: self.challenge, secret: secret ?? Secret(self.challenge))
        let isEqual = ConstantTime.equals(expected, digest)
        guard let secret, !secret.isEmpty, isEqual else {
            return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: authenticationIdentity))
        }
        self.state = .finished
        return .succeeded(AuthenticatedIdentity(authenticationIdentity: authenticationIdentity), finalData: nil)
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }
}
