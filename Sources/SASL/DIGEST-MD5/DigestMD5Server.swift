/// The server's side of DIGEST-MD5 (RFC 2831), for `qop=auth`.
///
/// ```
/// S: realm="mail.example.org",nonce="OA6MG9tEQGm2hh",qop="auth",charset=utf-8,algorithm=md5-sess
/// C: charset=utf-8,username="chris",realm="mail.example.org",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",
///    digest-uri="smtp/mail.example.org",response=d388dad90d4bbd760a152321f2143af7,qop=auth
/// S: rspauth=ea40f60335c427b5527b84dbabcdfffd
/// ```
struct DigestMD5Server: ServerMechanism {
    private enum State {
        /// → `challenged`, `finished`
        case idle
        /// The client owes its digest. → `asked`, `finished`
        case challenged
        /// The shared secret is being looked up. → `finished`
        case asked(DigestMD5Response, AuthenticatedIdentity)
        case finished
    }

    private var state: State = .idle
    private let challenge: DigestMD5Challenge
    private let service: String

    var name: MechanismName { .digestMD5 }

    /// - Parameters:
    ///   - realm: What the passwords are for. Sent non-empty always: Jakarta Mail cannot parse an empty one.
    ///   - service: The GSSAPI service name of the protocol, which `digest-uri` must begin with.
    init(nonce: [UInt8], realm: String, service: String = "smtp") {
        self.init(
            challenge: DigestMD5Challenge(
                realms: [Array((realm.isEmpty ? "localhost" : realm).utf8)],
                nonce: Hexadecimal.encode(nonce)
            ),
            service: service
        )
    }

    init(challenge: DigestMD5Challenge, service: String = "smtp") {
        self.challenge = challenge
        self.service = service
    }

    mutating func received(_ initialResponse: InitialResponse) -> ServerStep {
        guard case .idle = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        // The server speaks first here, and must refuse a client that did (RFC 4954 §4): one that does so tries a subsequent
        // authentication (RFC 2831 §2.2) with a nonce of old, and none is kept.
        guard case .absent = initialResponse else { return self.fail(ServerFailure(.malformed)) }
        self.state = .challenged
        return .challenge(self.challenge.encode())
    }

    mutating func received(response: [UInt8]) -> ServerStep {
        guard case .challenged = self.state else { return self.fail(ServerFailure(.outOfSequence)) }
        guard let response = DigestMD5Response(parsing: response), let identity = Self.identity(in: response) else {
            return self.fail(ServerFailure(.malformed))
        }
        let name = identity.authenticationIdentity
        guard ConstantTime.equals(response.nonce, self.challenge.nonce) else {
            return self.fail(ServerFailure(.nonceMismatch, authenticationIdentity: name))
        }
        // Required, as a realm was offered (RFC 2831 §2.1.2); and who changed the challenge on its way took it out perhaps.
        guard let realm = response.realm, self.challenge.realms.contains(realm) else {
            return self.fail(ServerFailure(.realmMismatch, authenticationIdentity: name))
        }
        guard self.isOurs(response.digestURI) else {
            return self.fail(ServerFailure(.serviceMismatch, authenticationIdentity: name))
        }
        self.state = .asked(response, identity)
        return .question(
            .sharedSecret(
                SharedSecretQuestion(
                    mechanism: self.name,
                    authenticationIdentity: name,
                    authorizationIdentity: identity.authorizationIdentity
                )
            )
        )
    }

    mutating func received(_ answer: ServerAnswer) -> ServerStep {
        guard case .asked(let response, let identity) = self.state else {
            return self.fail(ServerFailure(.outOfSequence))
        }
        let name = identity.authenticationIdentity
        guard case .sharedSecret(let secret) = answer else {
            return self.fail(ServerFailure(.unexpectedAnswer, authenticationIdentity: name))
        }
        // The same work whether there is a secret or not.
        let candidates = Self.candidates(for: response, password: secret?.octets ?? self.challenge.nonce)
        var match: DigestMD5?
        for candidate in candidates where ConstantTime.equals(candidate.digest(of: .client), response.digest) {
            match = candidate
        }
        guard let secret, !secret.isEmpty, let match else {
            return self.fail(ServerFailure(.wrongCredentials, authenticationIdentity: name))
        }
        self.state = .finished
        return .succeeded(identity, finalData: Array("rspauth=".utf8) + match.digest(of: .server))
    }

    private mutating func fail(_ failure: ServerFailure) -> ServerStep {
        self.state = .finished
        return .failed(failure)
    }

    /// Whom the response speaks of; `nil` where that is no name.
    private static func identity(in response: DigestMD5Response) -> AuthenticatedIdentity? {
        do {
            let name: String
            if response.isUTF8 || String(validating: response.userName, as: UTF8.self) != nil {
                // Without `charset` it ought to be ISO 8859-1, yet clients that know no character sets send what they were
                // given, and hardly any name in ISO 8859-1 beyond ASCII is well-formed UTF-8.
                name = try Identity.prepare(response.userName)
            } else {
                name = try Identity.prepare(String(String.UnicodeScalarView(response.userName.map { .init($0) })).utf8)
            }
            guard let other = response.authorizationIdentity, !other.isEmpty else {
                return AuthenticatedIdentity(authenticationIdentity: name)
            }
            return AuthenticatedIdentity(
                authenticationIdentity: name,
                authorizationIdentity: try Identity.prepare(other)
            )
        } catch {
            return nil
        }
    }

    /// What the client may have computed: as RFC 2831 §2.1.2.1 has it, or, by clients that convert nothing, over the octets as
    /// they are; and an empty authorization identity may count or not. One candidate in the usual case, four at most.
    private static func candidates(for response: DigestMD5Response, password: [UInt8]) -> [DigestMD5] {
        let realm = response.realm ?? []
        let asSent = DigestMD5.Account(userName: response.userName, realm: realm, password: password)
        var accounts = [asSent]
        var converted = asSent
        converted.password = DigestMD5.latin1IfPossible(password)
        if response.isUTF8 {
            converted.userName = DigestMD5.latin1IfPossible(response.userName)
            converted.realm = DigestMD5.latin1IfPossible(realm)
        }
        if converted != asSent {
            accounts.append(converted)
        }
        let others = response.authorizationIdentity?.isEmpty == true ? [[], nil] : [response.authorizationIdentity]
        return accounts.flatMap { account in
            others.map { other in
                DigestMD5(
                    account: account,
                    nonce: response.nonce,
                    clientNonce: response.clientNonce,
                    digestURI: response.digestURI,
                    authorizationIdentity: other
                )
            }
        }
    }

    /// Whether the response was made for this service (RFC 2831 §2.1.2). The host may be any: clients know servers by more
    /// names and addresses than servers know themselves by.
    private func isOurs(_ digestURI: [UInt8]) -> Bool {
        let parts = digestURI.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return false }
        return DigestDirectives.lowercased(parts[0]).elementsEqual(DigestDirectives.lowercased(self.service.utf8))
    }
}
