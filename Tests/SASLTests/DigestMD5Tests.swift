import Testing

@testable import SASL

struct DigestMD5Vector: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        var cases: [DigestMD5Vector] = []
    }

    var label, user, realm, password, nonce, cnonce, nc, qop, digest_uri, response, rspauth: String

    var testDescription: String { self.label }

    var service: String { String(self.digest_uri.prefix { $0 != "/" }) }
    var host: String { String(self.digest_uri.drop { $0 != "/" }.dropFirst()) }
    var challenge: DigestMD5Challenge { DigestMD5Challenge(realms: [self.realm.octets], nonce: self.nonce.octets) }

    static let all =
        Vectors.own("rfc2831-digest-md5.json", as: File.self).cases
        + Vectors.shared("digest-md5.json", absent: File()).cases
}

@Suite("DIGEST-MD5, RFC 2831")
struct DigestMD5Tests {
    static let vector = DigestMD5Vector.all[0]
    /// The response of RFC 2831's example, one directive an element.
    static let directives = [
        "charset=utf-8", #"username="chris""#, #"realm="elwood.innosoft.com""#, #"nonce="OA6MG9tEQGm2hh""#,
        "nc=00000001",
        #"cnonce="OA6MHXh6VqTrRk""#, #"digest-uri="imap/elwood.innosoft.com""#,
        "response=d388dad90d4bbd760a152321f2143af7", "qop=auth",
    ]

    /// A server of the RFC's example that waits for the response.
    static func server(_ vector: DigestMD5Vector = vector) -> DigestMD5Server {
        var server = DigestMD5Server(challenge: vector.challenge, service: vector.service)
        _ = server.received(.absent)
        return server
    }

    static func step(_ directives: [String], secret: String? = "secret") -> ServerStep {
        Self.step(directives.joined(separator: ",").octets, secret: secret)
    }

    static func step(_ octets: [UInt8], secret: String? = "secret") -> ServerStep {
        var server = Self.server()
        let step = server.received(response: octets)
        guard step.question != nil else { return step }
        return server.received(.sharedSecret(secret.map { Secret($0) }))
    }

    /// The example with directives of the same names replaced or, where there are none, appended.
    static func changed(_ changes: String...) -> [String] {
        changes.reduce(into: Self.directives) { result, change in
            let name = change.prefix { $0 != "=" } + "="
            if let index = result.firstIndex(where: { $0.hasPrefix(name) }) {
                result[index] = change
            } else {
                result.append(change)
            }
        }
    }

    static func without(_ name: String) -> [String] {
        Self.directives.filter { !$0.hasPrefix(name + "=") }
    }

    @Test("the vectors' digests", arguments: DigestMD5Vector.all)
    func digests(_ vector: DigestMD5Vector) {
        let digest = DigestMD5(
            account: DigestMD5.Account(
                userName: DigestMD5.latin1IfPossible(vector.user.octets),
                realm: vector.realm.octets,
                password: DigestMD5.latin1IfPossible(vector.password.octets)
            ),
            nonce: vector.nonce.octets,
            clientNonce: vector.cnonce.octets,
            digestURI: vector.digest_uri.octets,
            authorizationIdentity: nil
        )
        #expect(digest.digest(of: .client) == vector.response.octets)
        #expect(digest.digest(of: .server) == vector.rspauth.octets)
    }

    @Test("the vectors, client and server", arguments: DigestMD5Vector.all)
    func exchange(_ vector: DigestMD5Vector) throws {
        var client = DigestMD5Client(
            credentials: ClientCredentials(authenticationIdentity: vector.user, password: Secret(vector.password)),
            clientNonce: vector.cnonce.octets,
            hostname: vector.host,
            service: vector.service
        )
        #expect(client.start() == .absent)
        let message = try #require(client.received(challenge: vector.challenge.encode()).response)
        let response = try #require(DigestMD5Response(parsing: message))
        #expect(response.digest == vector.response.octets)
        #expect(response.encode() == message)

        var server = Self.server(vector)
        let question = server.received(response: message).question
        #expect(question?.authenticationIdentity == vector.user)
        guard
            case .succeeded(let identity, .some(let finalData)) = server.received(
                .sharedSecret(Secret(vector.password))
            )
        else {
            Issue.record("no success")
            return
        }
        #expect(identity == AuthenticatedIdentity(authenticationIdentity: vector.user))
        #expect(finalData == "rspauth=\(vector.rspauth)".octets)
        #expect(client.receivedSuccess(finalData: finalData) == .succeeded)
    }

    @Test("the challenge has a realm, no quotes around the algorithm, and the nonce's octets")
    func challenge() {
        var server = DigestMD5Server(nonce: [0x00, 0x1F, 0xA5], realm: "gp.test")
        #expect(
            server.received(.absent).challenge
                == #"realm="gp.test",nonce="001fa5",qop="auth",charset=utf-8,algorithm=md5-sess"#.octets
        )
        var nameless = DigestMD5Server(nonce: [1], realm: "")
        #expect(
            nameless.received(.absent).challenge.flatMap { DigestMD5Challenge(parsing: $0) }?.realms
                == ["localhost".octets]
        )
    }

    @Test("an initial response, which would be a subsequent authentication, is refused", arguments: ["", "x"])
    func initialResponse(_ text: String) {
        var server = DigestMD5Server(challenge: Self.vector.challenge, service: "imap")
        #expect(server.received(.present(text.octets)).failure?.isMalformed == true)
        var example = DigestMD5Server(challenge: Self.vector.challenge, service: "imap")
        let response = Self.directives.joined(separator: ",").octets
        #expect(example.received(.present(response)).failure?.isMalformed == true)
    }

    @Test("a response works once")
    func replay() {
        var server = Self.server()
        let response = Self.directives.joined(separator: ",").octets
        _ = server.received(response: response)
        #expect(server.received(.sharedSecret(Secret("secret"))).failure == nil)
        #expect(server.received(response: response).failure?.reason == .outOfSequence)

        var next = DigestMD5Server(nonce: [1, 2, 3], realm: Self.vector.realm, service: "imap")
        _ = next.received(.absent)
        #expect(
            next.received(response: response).failure
                == ServerFailure(.nonceMismatch, authenticationIdentity: "chris")
        )
    }

    static let allowedMessages: [String] = [
        directives.joined(separator: ", "),
        directives.joined(separator: " ,\t,"),
        ",\(directives.joined(separator: ",")),",
        directives.reversed().joined(separator: ","),
        directives.joined(separator: ",").replacing("nonce=\"OA6MG", with: "NONCE = \"OA6MG"),
        without("qop").joined(separator: ","),
        without("charset").joined(separator: ","),
    ]

    static let allowedChanges: [String] = [
        #"qop="auth""#, #"username="\c\h\r\is""#, "maxbuf=65536", #"charset="utf-8""#, "charset=UTF-8", "x-unknown=1",
        #"nc="00000001""#, #"response="d388dad90d4bbd760a152321f2143af7""#,
    ]

    @Test(
        "what the grammar allows is taken",
        arguments: allowedMessages + allowedChanges.map { changed($0).joined(separator: ",") }
    )
    func allowed(_ message: String) {
        #expect(Self.step(message.octets).failure == nil)
    }

    @Test(
        "each required directive is required",
        arguments: ["username", "nonce", "nc", "cnonce", "digest-uri", "response"]
    )
    func required(_ name: String) {
        #expect(Self.step(Self.without(name)).failure?.isMalformed == true)
    }

    @Test("no directive stands twice", arguments: directives + ["maxbuf=1024", #"authzid="""#, "x-unknown=1"])
    func twice(_ directive: String) {
        #expect(Self.step(Self.changed(directive) + [directive]).failure?.isMalformed == true)
        let upper = directive.prefix { $0 != "=" }.uppercased() + directive.drop { $0 != "=" }
        #expect(Self.step(Self.changed(directive) + [upper]).failure?.isMalformed == true)
    }

    @Test(
        "what was not offered, or is none of these values, is refused",
        arguments: [
            "qop=auth-int", "qop=auth-conf", #"qop="auth,auth-int""#, "nc=00000002", "nc=1", "nc=00000000",
            "nc=0000000g",
            "charset=iso-8859-1", "cipher=rc4", "maxbuf=16", "maxbuf=16777216", "maxbuf=x", "maxbuf=-70000",
            "maxbuf=99999999999999999999", "response=D388DAD90D4BBD760A152321F2143AF7", "response=d388", "response=",
            #"response="""#, #"username="""#, #"cnonce="""#, #"nonce="""#, #"digest-uri="""#, "digest-uri=imap/h",
            #"username="ch\#u{7}ris""#, #"username="ch\\#u{7}ris""#, #"username="ch\#u{7F}""#, #"username="chris"#,
            #"username="chris\"#, #"username="chris"x"#, "username", "username=", "=chris", #"user name="chris""#,
            #"authzid="a\#u{1}""#, "authzid=a\"b\"", #"username="chris";"#, "\u{0}",
        ]
    )
    func refused(_ directive: String) {
        #expect(Self.step(Self.changed(directive)).failure?.isMalformed == true)
    }

    @Test("a quoted pair is of ASCII")
    func quotedPair() {
        let message = Self.changed(#"username="\#u{F6}""#).joined(separator: ",").octets
        #expect(DigestDirectives(parsing: message) != nil)
        #expect(DigestDirectives(parsing: Array(#"a="\"#.utf8) + [0xC3, 0xB6, 0x22]) == nil)
    }

    @Test("messages have bounds")
    func bounds() {
        let filler = String(repeating: "x", count: 4_095)
        #expect(Self.step(Self.directives + ["y=" + filler]).failure?.isMalformed == true)
        let many = (0..<33).map { "x\($0)=1" }
        #expect(Self.step(Self.directives + many).failure?.isMalformed == true)
        #expect(DigestDirectives(parsing: Array(many.prefix(32).joined(separator: ",").utf8)) != nil)
        #expect(DigestDirectives(parsing: []) == nil)
        #expect(DigestDirectives(parsing: ", ,".octets) == nil)
        #expect(DigestMD5Challenge(parsing: Self.vector.challenge.encode() + ",y=\(filler)".octets) == nil)
    }

    @Test(
        "a response for something else is refused before a look-up",
        arguments: [
            (#"nonce="other""#, ServerFailure.Reason.nonceMismatch), (#"realm="other""#, .realmMismatch),
            (#"digest-uri="smtp/elwood.innosoft.com""#, .serviceMismatch), (#"digest-uri="imap""#, .serviceMismatch),
            (#"digest-uri="imap/""#, .serviceMismatch), (#"digest-uri="/""#, .serviceMismatch),
            (#"digest-uri="imap/a/b/c""#, .serviceMismatch),
        ]
    )
    func mismatch(_ directive: String, _ reason: ServerFailure.Reason) {
        var server = Self.server()
        let failure = server.received(response: Self.changed(directive).joined(separator: ",").octets).failure
        #expect(failure == ServerFailure(reason, authenticationIdentity: "chris"))
        #expect(failure?.isMalformed == false)
    }

    @Test(
        "any host is good in digest-uri when the digest says the same",
        arguments: ["imap/127.0.0.1", "IMAP/h", "imap/[IPv6:::1]/elwood.innosoft.com"]
    )
    func anyHost(_ digestURI: String) {
        let digest = DigestMD5(
            account: .init(userName: "chris".octets, realm: Self.vector.realm.octets, password: "secret".octets),
            nonce: Self.vector.nonce.octets,
            clientNonce: "c".octets,
            digestURI: digestURI.octets,
            authorizationIdentity: nil
        )
        let response = DigestMD5Response(
            userName: "chris".octets,
            realm: Self.vector.realm.octets,
            nonce: Self.vector.nonce.octets,
            clientNonce: "c".octets,
            digestURI: digestURI.octets,
            digest: digest.digest(of: .client),
            authorizationIdentity: nil,
            isUTF8: false
        )
        #expect(Self.step(response.encode()).failure == nil)
    }

    @Test("a response without a realm is for none that was offered")
    func withoutRealm() {
        #expect(Self.step(Self.without("realm")).failure?.reason == .realmMismatch)
        #expect(Self.step(Self.changed(#"realm="""#)).failure?.reason == .realmMismatch)
    }

    /// A response of "jörg" with the password "päss", as clients of all kinds write it.
    static func response(
        userName: [UInt8],
        hashed: [UInt8],
        password: [UInt8],
        isUTF8: Bool,
        authorizationIdentity: [UInt8]? = nil,
        hashedAuthorizationIdentity: [UInt8]? = nil
    ) -> [UInt8] {
        let digest = DigestMD5(
            account: .init(userName: hashed, realm: Self.vector.realm.octets, password: password),
            nonce: Self.vector.nonce.octets,
            clientNonce: "c".octets,
            digestURI: "imap/h".octets,
            authorizationIdentity: hashedAuthorizationIdentity
        )
        return DigestMD5Response(
            userName: userName,
            realm: Self.vector.realm.octets,
            nonce: Self.vector.nonce.octets,
            clientNonce: "c".octets,
            digestURI: "imap/h".octets,
            digest: digest.digest(of: .client),
            authorizationIdentity: authorizationIdentity,
            isUTF8: isUTF8
        ).encode()
    }

    static let latin1Name: [UInt8] = [0x6A, 0xF6, 0x72, 0x67]
    static let latin1Password: [UInt8] = [0x70, 0xE4, 0x73, 0x73]

    @Test(
        "names and passwords in ISO 8859-1 and UTF-8, converted or not",
        arguments: [
            response(userName: "jörg".octets, hashed: latin1Name, password: latin1Password, isUTF8: true),
            response(userName: "jörg".octets, hashed: "jörg".octets, password: "päss".octets, isUTF8: true),
            response(userName: latin1Name, hashed: latin1Name, password: latin1Password, isUTF8: false),
            response(userName: "jörg".octets, hashed: "jörg".octets, password: "päss".octets, isUTF8: false),
        ]
    )
    func characterSets(_ message: [UInt8]) {
        var server = Self.server()
        #expect(server.received(response: message).question?.authenticationIdentity == "jörg")
        #expect(server.received(.sharedSecret(Secret("päss"))).failure == nil)
        var wrong = Self.server()
        _ = wrong.received(response: message)
        #expect(wrong.received(.sharedSecret(Secret("pass"))).failure?.reason == .wrongCredentials)
    }

    @Test("charset=utf-8 with octets that are none is malformed")
    func notUTF8() {
        let message = Self.response(
            userName: Self.latin1Name,
            hashed: Self.latin1Name,
            password: Self.latin1Password,
            isUTF8: true
        )
        #expect(Self.step(message).failure?.isMalformed == true)
    }

    @Test(
        "an empty authorization identity is none, whether it is in the digest or not",
        arguments: [[], nil] as [[UInt8]?]
    )
    func emptyAuthorizationIdentity(_ hashed: [UInt8]?) {
        let message = Self.response(
            userName: "chris".octets,
            hashed: "chris".octets,
            password: "secret".octets,
            isUTF8: false,
            authorizationIdentity: [],
            hashedAuthorizationIdentity: hashed
        )
        guard case .succeeded(let identity, _) = Self.step(message) else {
            Issue.record("no success")
            return
        }
        #expect(identity == AuthenticatedIdentity(authenticationIdentity: "chris"))
    }

    @Test("an authorization identity counts in the digest")
    func authorizationIdentity() {
        func message(_ hashed: String?) -> [UInt8] {
            Self.response(
                userName: "chris".octets,
                hashed: "chris".octets,
                password: "secret".octets,
                isUTF8: true,
                authorizationIdentity: "admin".octets,
                hashedAuthorizationIdentity: hashed?.octets
            )
        }
        guard case .succeeded(let identity, _) = Self.step(message("admin")) else {
            Issue.record("no success")
            return
        }
        #expect(identity.authorizationIdentity == "admin")
        #expect(Self.step(message(nil)).failure?.reason == .wrongCredentials)
        #expect(Self.step(message("root")).failure?.reason == .wrongCredentials)
    }

    @Test("no secret, an empty one and the stand-in open nothing", arguments: [nil, "", "OA6MG9tEQGm2hh"] as [String?])
    func noSecret(_ secret: String?) {
        let message = Self.response(
            userName: "chris".octets,
            hashed: "chris".octets,
            password: secret?.octets ?? "OA6MG9tEQGm2hh".octets,
            isUTF8: false
        )
        #expect(Self.step(message, secret: secret == "" ? "" : nil).failure?.reason == .wrongCredentials)
    }

    // MARK: Client

    static func client(authorizationIdentity: String? = nil, user: String = "chris") -> DigestMD5Client {
        DigestMD5Client(
            credentials: ClientCredentials(
                authenticationIdentity: user,
                authorizationIdentity: authorizationIdentity,
                password: Secret("secret")
            ),
            clientNonce: Self.vector.cnonce.octets,
            hostname: "elwood.innosoft.com",
            service: "imap"
        )
    }

    @Test(
        "challenges that the client goes along with",
        arguments: [
            #"realm="a",realm="b",nonce="n",qop="auth-int, auth",algorithm="md5-sess",charset=utf-8,maxbuf=65536"#,
            #"nonce="n",algorithm=MD5-sess"#, #"realm="",nonce="n",qop="auth",algorithm=md5-sess,stale=false"#,
            #"realm="q\"\\q",nonce="n\"",algorithm=md5-sess,cipher="rc4,des""#,
        ]
    )
    func challenges(_ message: String) throws {
        var client = Self.client()
        let answer = try #require(client.received(challenge: message.octets).response)
        let challenge = try #require(DigestMD5Challenge(parsing: message.octets))
        let response = try #require(DigestMD5Response(parsing: answer))
        #expect(response.realm == challenge.realms.first)
        #expect(response.nonce == challenge.nonce)
        #expect(response.isUTF8 == challenge.isUTF8)
    }

    @Test(
        "challenges that the client refuses",
        arguments: [
            "", "nonce", #"nonce="n""#, "algorithm=md5-sess", #"nonce="n",algorithm=md5"#,
            #"nonce="",algorithm=md5-sess"#,
            #"nonce="n",nonce="m",algorithm=md5-sess"#, #"nonce="n",algorithm=md5-sess,algorithm=md5-sess"#,
            #"nonce="n",algorithm=md5-sess,qop="auth-conf""#, #"nonce="n",algorithm=md5-sess,charset=koi8-r"#,
        ]
    )
    func refusedChallenges(_ message: String) {
        var client = Self.client()
        #expect(client.received(challenge: message.octets).failure?.reason == .malformedChallenge)
        #expect(client.received(challenge: Self.vector.challenge.encode()).failure?.reason == .outOfSequence)
    }

    @Test("a name beyond ISO 8859-1 is not said to a server that knows nothing else")
    func nameBeyondLatin1() throws {
        let challenge = DigestMD5Challenge(realms: [], nonce: "n".octets, isUTF8: false).encode()
        var cyrillic = Self.client(user: "иван")
        #expect(cyrillic.received(challenge: challenge).failure?.reason == .unusableCredentials)
        var latin = Self.client(user: "jörg")
        let response = try #require(latin.received(challenge: challenge).response)
        #expect(DigestMD5Response(parsing: response)?.userName == Self.latin1Name)
    }

    @Test(
        "a server without the right proof is not trusted",
        arguments: [
            nil, "", "rspauth", "rspauth=", "rspauth=ea40f60335c427b5527b84dbabcdfffe", "ok",
            "rspauth=ea40f60335c427b5527b84dbabcdfffd,rspauth=ea40f60335c427b5527b84dbabcdfffd",
            "xrspauth=ea40f60335c427b5527b84dbabcdfffd",
        ]
    )
    func proof(_ proof: String?) {
        var client = Self.client()
        #expect(client.received(challenge: Self.vector.challenge.encode()).response != nil)
        var other = client
        #expect(
            client.receivedSuccess(finalData: proof?.octets) == .failed(ClientFailure(.serverNotAuthenticated))
        )
        if let proof {
            #expect(other.received(challenge: proof.octets).failure?.reason == .serverNotAuthenticated)
            #expect(other.receivedSuccess(finalData: nil) == .failed(ClientFailure(.outOfSequence)))
        }
    }
}
