/// The client's side of DIGEST-MD5 (RFC 2831), for `qop=auth`. Content only once the server proved the password too.
struct DigestMD5Client: ClientMechanism {
    private struct Account {
        var userName: String
        var authorizationIdentity: String?
        var password: Secret
    }

    private enum State {
        case unusable
        /// → `responded`
        case ready(Account)
        /// The server owes its proof, this one. → `proved`, `finished`
        case responded(serverDigest: [UInt8])
        /// The server has proved itself in a challenge. → `finished`
        case proved
        case finished
    }

    private var state: State
    private let clientNonce: [UInt8]
    private let service: String
    private let hostname: String?

    var name: MechanismName { .digestMD5 }

    /// - Parameters:
    ///   - service: The GSSAPI service name of the protocol.
    ///   - hostname: The server's name, as the user gave it; `nil` for the realm's.
    init(credentials: ClientCredentials, nonce: [UInt8], hostname: String? = nil, service: String = "smtp") {
        self.init(
            credentials: credentials,
            clientNonce: Hexadecimal.encode(nonce),
            hostname: hostname,
            service: service
        )
    }

    init(credentials: ClientCredentials, clientNonce: [UInt8], hostname: String?, service: String = "smtp") {
        self.clientNonce = clientNonce
        self.service = service
        self.hostname = hostname
        do {
            self.state = .ready(
                Account(
                    userName: try credentials.preparedAuthenticationIdentity(),
                    authorizationIdentity: try credentials.preparedAuthorizationIdentity(),
                    password: try credentials.password.preparedPassword()
                )
            )
        } catch {
            self.state = .unusable
        }
    }

    mutating func start() -> InitialResponse { .absent }

    mutating func received(challenge: [UInt8]) -> ClientStep {
        switch self.state {
        case .unusable:
            return .failed(ClientFailure(.unusableCredentials))
        case .ready(let account):
            return self.respond(to: challenge, as: account)
        case .responded(let serverDigest):
            guard Self.isProof(challenge, of: serverDigest) else {
                return self.fail(.serverNotAuthenticated)
            }
            self.state = .proved
            return .respond([])
        case .proved, .finished:
            return self.fail(.outOfSequence)
        }
    }

    mutating func receivedSuccess(finalData: [UInt8]?) -> ClientOutcome {
        let state = self.state
        self.state = .finished
        switch (state, finalData) {
        case (.responded(let serverDigest), .some(let finalData)) where Self.isProof(finalData, of: serverDigest):
            return .succeeded
        case (.responded, _):
            return .failed(ClientFailure(.serverNotAuthenticated))
        case (.proved, nil):
            return .succeeded
        case (.unusable, _), (.ready, _), (.proved, _), (.finished, _):
            return .failed(ClientFailure(.outOfSequence))
        }
    }

    private mutating func respond(to message: [UInt8], as account: Account) -> ClientStep {
        guard let challenge = DigestMD5Challenge(parsing: message) else { return self.fail(.malformedChallenge) }
        let realm = challenge.realms.first
        let userName = Array(account.userName.utf8)
        let sentUserName = challenge.isUTF8 ? userName : DigestMD5.latin1IfPossible(userName)
        // To a server that knows no UTF-8 only ISO 8859-1 can be said, and an authorization identity is UTF-8 always.
        guard challenge.isUTF8 || userName.allSatisfy({ $0 < 0x80 }) || sentUserName != userName else {
            return self.fail(.unusableCredentials)
        }
        let digestURI = Array("\(self.service)/".utf8) + self.host(realm: realm)
        let digest = DigestMD5(
            account: DigestMD5.Account(
                userName: DigestMD5.latin1IfPossible(userName),
                realm: challenge.isUTF8 ? DigestMD5.latin1IfPossible(realm ?? []) : realm ?? [],
                password: DigestMD5.latin1IfPossible(account.password.octets)
            ),
            nonce: challenge.nonce,
            clientNonce: self.clientNonce,
            digestURI: digestURI,
            authorizationIdentity: account.authorizationIdentity.map { Array($0.utf8) }
        )
        let response = DigestMD5Response(
            userName: sentUserName,
            realm: realm,
            nonce: challenge.nonce,
            clientNonce: self.clientNonce,
            digestURI: digestURI,
            digest: digest.digest(of: .client),
            authorizationIdentity: account.authorizationIdentity.map { Array($0.utf8) },
            isUTF8: challenge.isUTF8
        )
        self.state = .responded(serverDigest: digest.digest(of: .server))
        return .respond(response.encode())
    }

    private func host(realm: [UInt8]?) -> [UInt8] {
        if let hostname, !hostname.isEmpty { return Array(hostname.utf8) }
        guard let realm, !realm.isEmpty else { return Array("localhost".utf8) }
        return realm
    }

    private mutating func fail(_ reason: ClientFailure.Reason) -> ClientStep {
        self.state = .finished
        return .failed(ClientFailure(reason))
    }

    /// Whether the server's last message is the `rspauth` that only a holder of the password can write.
    private static func isProof(_ message: [UInt8], of serverDigest: [UInt8]) -> Bool {
        guard message.count <= DigestMD5Challenge.maximumOctets, let directives = DigestDirectives(parsing: message),
            let proof = directives["rspauth"]
        else { return false }
        return ConstantTime.equals(proof, serverDigest)
    }
}
