import Testing

@testable import SASL

struct NTLMMalformed: Decodable, Sendable, CustomTestStringConvertible {
    struct File: Decodable {
        var cases: [NTLMMalformed] = []
    }
    var name, b64, expect: String
    var testDescription: String { self.name }

    static let cases = Vectors.shared("ntlm-malformed.json", absent: File()).cases
}

/// What a client may put into its last message, in ways that our client does not.
struct NTLMAnswer: Sendable {
    var flags: UInt32 = 0x0008_8205
    var lmResponse: [UInt8] = []
    var ntResponse: [UInt8] = []
    var domain: [UInt8] = []
    var userName: [UInt8] = UTF16LE.encode("user")
    var sessionKey: [UInt8] = []

    func encode() -> [UInt8] {
        var writer = NTLMWriter(type: 3, headerOctets: 64)
        writer.appendField(self.lmResponse)
        writer.appendField(self.ntResponse)
        writer.appendField(self.domain)
        writer.appendField(self.userName)
        writer.appendField(UTF16LE.encode("WS"))
        writer.appendField(self.sessionKey)
        writer.append(self.flags)
        return writer.message
    }

    /// The answer with an NTLMv2 response to the challenge.
    static func v2(
        userName: String,
        domain: String,
        flags: UInt32 = 0x0008_8205,
        isUnicode: Bool = true,
        targetInformation: [UInt8] = [0, 0, 0, 0],
        password: String = "pencil"
    ) -> Self {
        let blob: [UInt8] =
            [1, 1, 0, 0, 0, 0, 0, 0] + Array(repeating: 0x11, count: 16) + [0, 0, 0, 0] + targetInformation
        let hash = NTLMKeys.v2Hash(
            ntHash: NTLMKeys.ntHash(password: password),
            userName: userName,
            domain: UTF16LE.encode(domain)
        )
        return Self(
            flags: flags,
            ntResponse: NTLMKeys.v2Proof(v2Hash: hash, serverChallenge: NTLMTests.serverChallenge, blob: blob) + blob,
            domain: isUnicode ? UTF16LE.encode(domain) : domain.octets,
            userName: isUnicode ? UTF16LE.encode(userName) : userName.octets
        )
    }
}

@Suite("NTLM, MS-NLMP and MS-SMTPNTLM")
struct NTLMTests {
    static let serverChallenge: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF]

    static func server(allowsNTLMv1: Bool = false, hostname: String = "mail.example.org") -> NTLMServer {
        NTLMServer(
            nonce: serverChallenge + Array(repeating: 7, count: 16),
            hostname: hostname,
            secondsSince1970: Exchange.time,
            allowsNTLMv1: allowsNTLMv1
        )
    }

    /// A server that has sent its challenge.
    static func challenged(
        allowsNTLMv1: Bool = false,
        negotiate: NTLMFlags = [.unicode, .oem, .requestTarget, .ntlm]
    ) -> NTLMServer {
        var server = Self.server(allowsNTLMv1: allowsNTLMv1)
        _ = server.received(.present(NTLMNegotiate(flags: negotiate).octets))
        return server
    }

    static func step(
        _ answer: [UInt8],
        to server: NTLMServer = challenged(),
        secret: String? = "pencil"
    ) -> ServerStep {
        var server = server
        let step = server.received(response: answer)
        guard step.question != nil else { return step }
        return server.received(.sharedSecret(secret.map { Secret($0) }))
    }

    static func client(_ user: String = "user", password: String = "pencil") -> NTLMClient {
        NTLMClient(
            credentials: ClientCredentials(authenticationIdentity: user, password: Secret(password)),
            nonce: Exchange.nonce
        )
    }

    // MARK: First messages

    @Test("a start without NEGOTIATE, empty or absent, is met with an empty challenge", arguments: [true, false])
    func emptyStart(isAbsent: Bool) {
        var server = Self.server()
        #expect(server.received(isAbsent ? .absent : .present([])).challenge == [])
        let step = server.received(response: NTLMNegotiate(flags: [.unicode]).octets)
        #expect(step.challenge.flatMap { NTLMChallenge(parsing: $0) } != nil)
    }

    @Test("an empty NEGOTIATE after that is malformed")
    func emptyNegotiate() {
        var server = Self.server()
        _ = server.received(.absent)
        #expect(server.received(response: []).failure?.isMalformed == true)
    }

    @Test("the challenge holds target information and the time")
    func challenge() throws {
        var server = Self.server()
        let octets = try #require(server.received(.present(NTLMNegotiate(flags: [.unicode]).octets)).challenge)
        let challenge = try #require(NTLMChallenge(parsing: octets))
        #expect(challenge.serverChallenge == Self.serverChallenge)
        #expect(challenge.targetName == UTF16LE.encode("MAIL"))
        let information = try #require(challenge.targetInformation)
        #expect(information[.dnsComputerName] == UTF16LE.encode("mail.example.org"))
        #expect(information[.dnsDomainName] == UTF16LE.encode("example.org"))
        #expect(information[.timestamp] == FileTime.encode(secondsSince1970: Exchange.time))
        #expect(challenge.flags.isSuperset(of: [.unicode, .ntlm, .targetInformation, .targetTypeServer]))
        #expect(challenge.flags.isDisjoint(with: [.oem, .keyExchange]))
    }

    @Test("a client without Unicode gets the name in ASCII")
    func oemChallenge() throws {
        var server = Self.server()
        let octets = try #require(server.received(.present(NTLMNegotiate(flags: [.oem]).octets)).challenge)
        let challenge = try #require(NTLMChallenge(parsing: octets))
        #expect(challenge.targetName == "MAIL".octets)
        #expect(challenge.flags.isDisjoint(with: .unicode))
    }

    @Test("a NEGOTIATE of sixteen octets will do, and offsets into nowhere are not followed")
    func shortNegotiate() {
        for message in [
            NTLMReader.signature + [1, 0, 0, 0, 7, 0x82, 0, 0],
            NTLMReader.signature + [1, 0, 0, 0, 7, 0x82, 0, 0] + Array(repeating: 0xFF, count: 16),
        ] {
            var server = Self.server()
            #expect(server.received(.present(message)).challenge != nil)
            for length in 1..<16 {
                var short = Self.server()
                #expect(short.received(.present(Array(message.prefix(length)))).failure?.isMalformed == true)
            }
        }
        var long = Self.server()
        let message = NTLMNegotiate(flags: [.unicode]).octets + Array(repeating: 0, count: 2_048)
        #expect(long.received(.present(message)).failure?.isMalformed == true)
    }

    @Test(
        "host names of all kinds give a target name",
        arguments: [
            ("mail.example.org", "MAIL"), ("localhost", "LOCALHOST"), ("[127.0.0.1]", "127"), ("", "SERVER"),
            ("a-very-long-host-name-1.example", "A-VERY-LONG-HOS"), ("ä.example", "SERVER"),
        ]
    )
    func targetName(_ hostname: String, _ target: String) {
        #expect(NTLMName.target(hostname: hostname) == target)
        var server = Self.server(hostname: hostname)
        #expect(server.received(.present(NTLMNegotiate(flags: [.unicode]).octets)).challenge != nil)
    }

    // MARK: Names

    @Test(
        "names come with a domain, without, and whole",
        arguments: [
            ("user", "", "user"), ("user", "MAIL", "user"), ("user", "WORKGROUP", "user"),
            ("user", "example.org", "user@example.org"), ("user@example.org", "", "user@example.org"),
            ("user@example.org", "MAIL", "user@example.org"), ("EXAMPLE\\user", "", "user"), ("ÜSer", "Dömain", "ÜSer"),
        ],
        [UInt32(0x0008_8205), 0]
    )
    func names(_ names: (user: String, domain: String, identity: String), flags: UInt32) {
        let answer = NTLMAnswer.v2(userName: names.user, domain: names.domain, flags: flags)
        var server = Self.challenged()
        #expect(server.received(response: answer.encode()).question?.authenticationIdentity == names.identity)
        guard case .succeeded(let identity, nil) = server.received(.sharedSecret(Secret("pencil"))) else {
            Issue.record("no success")
            return
        }
        #expect(identity == AuthenticatedIdentity(authenticationIdentity: names.identity))
    }

    @Test("names in the client's code page, UTF-8 or ISO 8859-1")
    func oemNames() {
        let ascii = NTLMAnswer.v2(userName: "user", domain: "WORK", flags: 0x0000_0202, isUnicode: false)
        #expect(Self.step(ascii.encode()).failure == nil)
        let agreed = NTLMAnswer.v2(userName: "user", domain: "", flags: 0, isUnicode: false)
        #expect(Self.step(agreed.encode(), to: Self.challenged(negotiate: [.oem])).failure == nil)
        var latin = NTLMAnswer.v2(userName: "jörg", domain: "", flags: 0x0000_0202, isUnicode: false)
        #expect(Self.step(latin.encode()).failure == nil)
        latin.userName = [0x6A, 0xF6, 0x72, 0x67]
        #expect(Self.step(latin.encode()).failure == nil)
    }

    @Test("an empty user name is malformed, whatever the domain", arguments: ["", "example.org"])
    func anonymous(_ domain: String) {
        let answer = NTLMAnswer.v2(userName: "", domain: domain)
        #expect(Self.step(answer.encode()).failure?.isMalformed == true)
    }

    @Test("the client splits names as the server expects them")
    func split() {
        #expect(NTLMName.split("EXAMPLE\\alice", fallback: "MAIL") == ("alice", "EXAMPLE"))
        #expect(NTLMName.split("alice@example.org", fallback: "MAIL") == ("alice@example.org", ""))
        #expect(NTLMName.split("alice", fallback: "MAIL") == ("alice", "MAIL"))
    }

    @Test("our client logs in by any of its names", arguments: ["user", "user@example.org", "WORK\\user"])
    func clientNames(_ name: String) {
        let account = name.contains("@") ? name : "user"
        let outcome = Exchange(accounts: [account: "pencil"]).run(client: Self.client(name), server: Self.server())
        #expect(outcome.identity?.authenticationIdentity == account)
        #expect(outcome.client == .succeeded)
    }

    // MARK: NTLMv1 and NTLM2 session

    static let ntHash = NTLMKeys.ntHash(password: "pencil")
    static let v1 = NTLMAnswer(ntResponse: NTLMKeys.v1Response(hash: ntHash, challenge: serverChallenge))
    static let session: NTLMAnswer = {
        let client: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let challenge = NTLMKeys.sessionChallenge(serverChallenge: serverChallenge, clientChallenge: client)
        return NTLMAnswer(
            lmResponse: client + Array(repeating: 0, count: 16),
            ntResponse: NTLMKeys.v1Response(hash: ntHash, challenge: challenge)
        )
    }()

    @Test("24 octets are refused without a look-up, unless allowed", arguments: [v1, session])
    func version1(_ answer: NTLMAnswer) {
        #expect(
            Self.step(answer.encode()).failure == ServerFailure(.ntlmV1NotAllowed, authenticationIdentity: "user")
        )
        #expect(Self.step(answer.encode(), to: Self.challenged(allowsNTLMv1: true)).failure == nil)
        #expect(
            Self.step(answer.encode(), to: Self.challenged(allowsNTLMv1: true), secret: "Pencil").failure?.reason
                == .wrongCredentials
        )
        #expect(
            Self.step(answer.encode(), to: Self.challenged(allowsNTLMv1: true), secret: nil).failure?.reason
                == .wrongCredentials
        )
        // Flags say nothing about the version.
        var flagless = answer
        flagless.flags = 0
        #expect(Self.step(flagless.encode(), to: Self.challenged(allowsNTLMv1: true)).failure == nil)
    }

    @Test("one flipped bit of a 24-octet response fails", arguments: [v1, session])
    func version1Flipped(_ answer: NTLMAnswer) {
        for index in 0..<24 {
            for bit in 0..<8 {
                var changed = answer
                changed.ntResponse[index] ^= 1 << bit
                let step = Self.step(changed.encode(), to: Self.challenged(allowsNTLMv1: true))
                #expect(step.failure?.reason == .wrongCredentials)
            }
        }
    }

    @Test("an LM response alone opens nothing, nor does a response of another length")
    func lengths() {
        let right = NTLMAnswer.v2(userName: "user", domain: "")
        for length in 0...right.ntResponse.count {
            var answer = right
            answer.ntResponse = Array(right.ntResponse.prefix(length))
            let step = Self.step(answer.encode(), to: Self.challenged(allowsNTLMv1: true))
            #expect((step.failure == nil) == (length == right.ntResponse.count), "\(length)")
            if length < 44, length != 24 {
                #expect(step.failure?.isMalformed == true)
            }
        }
    }

    @Test("NTLMv2 passes where NTLMv1 is allowed, and with an LM response of any size", arguments: [0, 1, 24, 200])
    func lmResponse(_ count: Int) {
        var answer = NTLMAnswer.v2(userName: "user", domain: "MAIL")
        answer.lmResponse = Array(repeating: 0x5A, count: count)
        #expect(Self.step(answer.encode()).failure == nil)
        #expect(Self.step(answer.encode(), to: Self.challenged(allowsNTLMv1: true)).failure == nil)
    }

    @Test("no secret, an empty one and the stand-in open nothing", arguments: [nil, "", "no secret"] as [String?])
    func noSecret(_ secret: String?) {
        let answer = NTLMAnswer.v2(userName: "user", domain: "", password: secret ?? "no secret")
        let step = Self.step(answer.encode(), secret: secret == "" ? "" : nil)
        #expect(step.failure == ServerFailure(.wrongCredentials, authenticationIdentity: "user"))
    }

    // MARK: MIC

    /// An exchange with our client up to its last message.
    static func exchange() throws -> (server: NTLMServer, answer: [UInt8]) {
        var client = Self.client()
        guard case .present(let negotiate) = client.start() else { throw ClientFailure(.outOfSequence) }
        var server = Self.server()
        let challenge = try #require(server.received(.present(negotiate)).challenge)
        return (server, try #require(client.received(challenge: challenge).response))
    }

    @Test("a MIC that was announced must be there and be right")
    func integrityCode() throws {
        let (server, answer) = try Self.exchange()
        #expect(Self.step(answer, to: server).failure == nil)
        var changed = answer
        changed[80] ^= 1
        #expect(Self.step(changed, to: server).failure?.reason == .messagesAltered)
        // The same answer, but for a NEGOTIATE that was another.
        #expect(Self.step(answer).failure?.reason == .messagesAltered)
        let announced = NTLMAnswer.v2(
            userName: "user",
            domain: "",
            targetInformation: [6, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        )
        #expect(Self.step(announced.encode()).failure?.reason == .messagesAltered)
    }

    @Test("a client's own session key is unwrapped for the MIC")
    func keyExchange() throws {
        let negotiate = NTLMNegotiate(flags: [.unicode])
        var server = Self.server()
        let challenge = try #require(server.received(.present(negotiate.octets)).challenge)
        let blob: [UInt8] =
            [1, 1, 0, 0, 0, 0, 0, 0] + Array(repeating: 3, count: 16) + [0, 0, 0, 0]
            + [6, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        let hash = NTLMKeys.v2Hash(ntHash: Self.ntHash, userName: "user", domain: [])
        let proof = NTLMKeys.v2Proof(v2Hash: hash, serverChallenge: Self.serverChallenge, blob: blob)
        let chosen: [UInt8] = Array(repeating: 0x55, count: 16)
        let wrapped = RC4.apply(key: NTLMKeys.v2SessionKey(v2Hash: hash, proof: proof), to: chosen)

        func message(sessionKey: [UInt8]) -> [UInt8] {
            var writer = NTLMWriter(type: 3, headerOctets: 88)
            for value in [[], proof + blob, [], UTF16LE.encode("user"), [], sessionKey] {
                writer.appendField(value)
            }
            writer.append(UInt32(0x4000_0001))
            var message = writer.message
            let code = NTLMKeys.integrityCode(
                sessionKey: chosen,
                negotiate: negotiate.octets,
                challenge: challenge,
                authenticate: message
            )
            message.replaceSubrange(72..<88, with: code)
            return message
        }
        #expect(Self.step(message(sessionKey: wrapped), to: server).failure == nil)
        #expect(Self.step(message(sessionKey: chosen), to: server).failure?.reason == .messagesAltered)
        #expect(Self.step(message(sessionKey: []), to: server).failure?.reason == .messagesAltered)
    }

    // MARK: Hostile messages

    static let fields = ["LM": 12, "NT": 20, "domain": 28, "user": 36, "workstation": 44, "session key": 52]

    @Test("absurd lengths and offsets in every field are refused", arguments: Array(fields.values))
    func absurd(_ field: Int) {
        let answer = NTLMAnswer.v2(userName: "user", domain: "MAIL").encode()
        let offsets: [UInt32] = [0, 1, 63, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF, UInt32(answer.count)]
        for offset in offsets {
            for length in [UInt16(2), 0x7FFE, 0xFFFE, 0xFFFF] {
                var changed = answer
                for index in 0..<2 {
                    changed[field + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt16(index)))
                }
                for index in 0..<4 {
                    changed[field + 4 + index] = UInt8(truncatingIfNeeded: offset >> (8 * UInt32(index)))
                }
                #expect(Self.step(changed).failure?.isMalformed == true, "\(length) at \(offset)")
            }
        }
    }

    @Test("a value that ends with the message is inside it, one octet later is not")
    func lastOctet() throws {
        let octets = NTLMReader.signature + [9, 0, 0, 0] + [4, 0, 4, 0, 20, 0, 0, 0] + [1, 2, 3, 4]
        let reader = try #require(NTLMReader(octets, type: 9, minimumOctets: 1, maximumOctets: 99))
        #expect(reader.payload(at: 12, headerOctets: 20).map { Array($0) } == [1, 2, 3, 4])
        #expect(reader.payload(at: 12, headerOctets: 21) == nil)
        let short = try #require(NTLMReader(octets.dropLast(), type: 9, minimumOctets: 1, maximumOctets: 99))
        #expect(short.payload(at: 12, headerOctets: 20) == nil)
        #expect(reader.payload(at: 17, headerOctets: 0) == nil)
        #expect(reader.payload(at: .max, headerOctets: 0) == nil)
        #expect(reader.slice(at: -1, count: 1) == nil)
        #expect(reader.slice(at: 0, count: .max) == nil)
    }

    @Test("every truncation of an answer fails, and every octet set to 0xFF at worst fails")
    func truncated() {
        let answer = NTLMAnswer.v2(userName: "user", domain: "MAIL").encode()
        // The workstation's name is the last value, and read for its bounds only.
        for length in answer.indices {
            #expect(Self.step(Array(answer.prefix(length))).failure?.isMalformed == true, "\(length)")
        }
        for index in answer.indices {
            var changed = answer
            changed[index] = 0xFF
            _ = Self.step(changed)
        }
    }

    @Test("every truncation of a challenge fails at the client, and nothing in it traps")
    func hostileChallenge() throws {
        var server = Self.server()
        let challenge = try #require(server.received(.present(NTLMNegotiate(flags: [.unicode]).octets)).challenge)
        for length in challenge.indices {
            var client = Self.client()
            _ = client.start()
            let step = client.received(challenge: Array(challenge.prefix(length)))
            #expect((step.failure?.reason == .malformedChallenge) == (length > 0), "\(length)")
        }
        for index in challenge.indices {
            for value in [UInt8(0), 0x7F, 0xFF] {
                var changed = challenge
                changed[index] = value
                var client = Self.client()
                _ = client.start()
                _ = client.received(challenge: changed)
            }
        }
    }

    @Test("a server without target information is answered with NTLMv2 and LMv2 too")
    func withoutTargetInformation() throws {
        var writer = NTLMWriter(type: 2, headerOctets: 32)
        writer.appendField([])
        writer.append(UInt32(0x0000_0201))
        writer.append(Self.serverChallenge)
        var client = Self.client()
        _ = client.start()
        let message = try #require(client.received(challenge: writer.message).response)
        let answer = try #require(NTLMAuthenticate(parsing: message, agreedOnUnicode: true))
        #expect(answer.lmResponse.count == 24)
        guard case .v2(_, _, let information) = answer.response else {
            Issue.record("no NTLMv2 response")
            return
        }
        #expect(information.pairs.map(\.attribute) == [.flags])
        // Right but for the MIC, since our server sent another challenge.
        #expect(Self.step(message).failure?.reason == .messagesAltered)
        #expect(client.receivedSuccess(finalData: nil) == .succeeded)
    }

    @Test("a success before the client has answered is none")
    func earlySuccess() {
        var client = Self.client()
        _ = client.start()
        #expect(client.receivedSuccess(finalData: nil) == .failed(ClientFailure(.outOfSequence)))
        var second = Self.client()
        #expect(second.received(challenge: []).response != nil)
        #expect(second.received(challenge: []).failure?.reason == .malformedChallenge)
    }

    @Test(
        "messages of others",
        .enabled(if: Vectors.sharedFolderExists, "the shared vectors are not here; set GATEPOST_VECTORS"),
        arguments: NTLMMalformed.cases
    )
    func malformed(_ vector: NTLMMalformed) {
        let octets = vector.b64.fromBase64
        let step = Self.step(octets, secret: "Password")
        if vector.expect.hasPrefix("accept") {
            guard case .succeeded(let identity, nil) = step else {
                Issue.record("no success")
                return
            }
            #expect(identity.authenticationIdentity == "User")
        } else {
            #expect(step.failure?.isMalformed == true)
        }
    }
}
