import GatepostModel
import GatepostSQLite
import SASL
import Testing

@testable import GatepostServer

/// One way to fail at logging in, and the code that the trail must have for it.
struct FailedLogin: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var reason: AuthenticationReason
    var run: @Sendable (CorpusScene) async throws -> CorpusScene.Ending

    init(
        _ name: String,
        _ reason: AuthenticationReason,
        _ run: @escaping @Sendable (CorpusScene) async throws -> CorpusScene.Ending
    ) {
        self.testDescription = "\(name): \(reason.rawValue)"
        self.reason = reason
        self.run = run
    }

    /// With a client of the library.
    static func client(
        _ name: MechanismName,
        _ user: String,
        password: String = CorpusScene.password,
        as authorizationIdentity: String? = nil,
        _ reason: AuthenticationReason,
        _ what: String
    ) -> FailedLogin {
        FailedLogin("\(name), \(what)", reason) { scene in
            try await scene.logIn(
                name,
                try CorpusScene.client(name, user: user, password: password, as: authorizationIdentity)
            )
        }
    }

    /// With octets made by hand: one response after the other, and then silence.
    static func octets(
        _ name: MechanismName,
        _ responses: [[UInt8]],
        _ reason: AuthenticationReason,
        _ what: String
    ) -> FailedLogin {
        FailedLogin("\(name), \(what)", reason) { scene in
            var rest = responses[...]
            return try await scene.logIn(name) { _ in rest.popFirst() }
        }
    }

    /// With the app password that the scene made.
    static func appPassword(_ name: MechanismName, _ user: String, _ reason: AuthenticationReason) -> FailedLogin {
        FailedLogin("\(name), app password of \(user)", reason) { scene in
            let password = try #require(scene.appPasswords[user])
            return try await scene.logIn(
                name,
                try CorpusScene.client(name, user: "\(user)@example.org", password: password)
            )
        }
    }

    /// With a bearer token of the published key of the issuer.
    static func token(
        _ name: MechanismName,
        _ changes: [String: Claim?],
        _ reason: AuthenticationReason,
        _ what: String,
        user: String = "alice@example.org",
        key: MintKey = .es256
    ) -> FailedLogin {
        FailedLogin("\(name), \(what)", reason) { scene in
            let token = try await key.token(.good(issuer: OAuthScene.issuer, changes))
            return try await scene.logIn(
                name,
                try CorpusScene.client(name, user: user, password: token)
            )
        }
    }
}

enum LoginCorpus {
    static let passwords: [MechanismName] = [
        .plain, .login, .scramSHA256, .scramSHA1, .cramMD5, .digestMD5, .ntlm,
    ]
    /// Those that let the server see which secret it was, or prove it with keys of each.
    static let distinct: [MechanismName] = [.plain, .login, .scramSHA256]

    static let all: [FailedLogin] =
        names + secrets + states + identities + bindings + certificates + tokens + malformed + cancelled

    static let names: [FailedLogin] = passwords.flatMap { name -> [FailedLogin] in
        [
            .client(name, "nobody@example.org", .unknownAccount, "an address that nobody has"),
            .client(name, "alice", .noDomain, "a bare name without a default domain"),
            .client(name, "alice@gmail.example", .domainNotHosted, "a domain of another provider"),
        ]
    }

    static let secrets: [FailedLogin] = wrongSecrets + formerSecrets + strangeSecrets

    private static let wrongSecrets: [FailedLogin] = passwords.map { name -> FailedLogin in
        .client(name, "alice@example.org", password: "wrong horse", .wrongPassword, "a wrong password")
    }

    private static let formerSecrets: [FailedLogin] = [MechanismName.plain, .login].map { name -> FailedLogin in
        .client(name, "alice@example.org", password: "former horse", .oldPassword, "the password before")
    }

    private static let strangeSecrets: [FailedLogin] = [
        .client(.plain, "alice@example.org", password: "Correct horse", .wrongPassword, "another case"),
        .client(.plain, "alice@example.org", password: "correct horse ", .wrongPassword, "a space more"),
        .client(.plain, "gina@example.org", password: "wrong horse", .wrongPassword, "wrong beside a second factor"),
        .client(.plain, "carol@example.org", password: "wrong horse", .wrongPassword, "wrong, and to be changed"),
    ]

    static let states: [FailedLogin] = disabled + withoutSecret + limited

    private static let disabled: [FailedLogin] =
        passwords.map { name -> FailedLogin in
            .client(name, "bob@example.org", .disabled, "a disabled account")
        } + [
            .client(.plain, "bob@example.org", password: "wrong horse", .disabled, "a disabled account, wrong password")
        ]

    private static let withoutSecret: [FailedLogin] =
        [MechanismName.cramMD5, .digestMD5, .ntlm].map { name -> FailedLogin in
            .client(name, "dave@example.org", .mechanismRefused, "no password for old mechanisms")
        }

    private static let limited: [FailedLogin] = distinct.flatMap { name -> [FailedLogin] in
        [
            .client(name, "carol@example.org", .passwordChange, "a password that must be changed"),
            .client(name, "gina@example.org", .needsAppPassword, "the main password beside a second factor"),
            .appPassword(name, "erin", .expired),
            .appPassword(name, "frank", .addressRefused),
        ]
    }

    static let identities: [FailedLogin] = [MechanismName.plain, .scramSHA256, .scramSHA1, .digestMD5].map { name in
        .client(name, "alice@example.org", as: "frank@example.org", .notAuthorized, "as somebody else")
    }

    static let bindings: [FailedLogin] = [
        FailedLogin("SCRAM-SHA-256-PLUS, bound to another connection", .channelBinding) { scene in
            let mine = ChannelBindings([.tlsExporter: [UInt8](repeating: 1, count: 32)])
            let other = ChannelBindings([.tlsExporter: [UInt8](repeating: 2, count: 32)])
            return try await scene.logIn(
                .scramSHA256Plus,
                bindings: mine,
                offersBinding: true,
                try CorpusScene.client(
                    .scramSHA256Plus,
                    user: "alice@example.org",
                    password: CorpusScene.password,
                    bindings: other
                )
            )
        },
        FailedLogin("SCRAM-SHA-256, the client saw no -PLUS though it is offered", .channelBinding) { scene in
            let bindings = ChannelBindings([.tlsExporter: [UInt8](repeating: 1, count: 32)])
            return try await scene.logIn(
                .scramSHA256,
                bindings: bindings,
                offersBinding: true,
                try CorpusScene.client(
                    .scramSHA256,
                    user: "alice@example.org",
                    password: CorpusScene.password,
                    bindings: bindings
                )
            )
        },
    ]

    static let certificates: [FailedLogin] = [
        FailedLogin("EXTERNAL, no certificate", .certificateUnknown) { scene in
            try await scene.logIn(.external) { _ in [] }
        },
        FailedLogin("EXTERNAL, a certificate that is none", .certificateUnknown) { scene in
            try await scene.logIn(.external, certificate: [0x30, 0x03, 0x02, 0x01, 0x01]) { _ in [] }
        },
        FailedLogin("EXTERNAL, no certificate, as somebody", .certificateUnknown) { scene in
            try await scene.logIn(.external) { _ in Array("alice@example.org".utf8) }
        },
    ]

    static let tokens: [FailedLogin] = [MechanismName.oauthBearer, .xoauth2].flatMap { name -> [FailedLogin] in
        [
            .token(name, ["exp": 0.0], .tokenExpired, "a token that is over"),
            .token(name, ["aud": "imap"], .tokenAudience, "a token for another service"),
            .token(name, ["iss": "https://login.example.com"], .tokenIssuer, "a token of another issuer"),
            .token(name, ["scope": "openid"], .tokenScope, "a token without the scope"),
            .token(name, [:], .tokenSignature, "a token that somebody made up", key: .freshES256(identifier: "ES256")),
            .token(name, ["email": Optional<Claim>.none], .tokenRefused, "a token without a name"),
            .token(name, ["nbf": 9_999_999_999.0], .clockSkew, "a token of tomorrow"),
            .token(name, ["email": "bob@example.org"], .notAuthorized, "somebody else's token"),
            .token(
                name,
                ["email": "nobody@example.org"],
                .unknownAccount,
                "a token for nobody",
                user: "nobody@example.org"
            ),
            .token(
                name,
                ["email": "bob@example.org"],
                .disabled,
                "a token for a disabled account",
                user: "bob@example.org"
            ),
            .client(name, "alice@example.org", password: "not-a-token", .tokenRefused, "no token at all"),
        ]
    }

    static let malformed: [FailedLogin] = [
        .octets(.plain, [Array("alice\0\(CorpusScene.password)".utf8)], .malformed, "one NUL"),
        .octets(.plain, [Array("\0alice\0x\0y".utf8)], .malformed, "three NULs"),
        .octets(.plain, [Array("\0\0x".utf8)], .malformed, "no name"),
        .octets(.plain, [Array("\0alice@example.org\0".utf8)], .malformed, "no password"),
        .octets(.plain, [[0] + Array("alice@example.org".utf8) + [0, 0x70, 0xE4, 0x73]], .latin1, "Latin-1 password"),
        .octets(.plain, [[0, 0x61, 0xE9, 0] + Array("x".utf8)], .latin1, "Latin-1 name"),
        .octets(.login, [[0x61, 0xE9], Array("x".utf8)], .latin1, "Latin-1 name"),
        .octets(.scramSHA256, [Array("hello".utf8)], .malformed, "no SCRAM message"),
        .octets(.scramSHA256, [Array("n,,n=alice,r=".utf8)], .malformed, "no nonce"),
        .octets(.cramMD5, [[], Array("alice".utf8)], .malformed, "no digest"),
        .octets(.digestMD5, [[], Array("hello".utf8)], .malformed, "no directives"),
        .octets(.ntlm, [Array("hello".utf8)], .malformed, "no NTLM message"),
        .octets(.oauthBearer, [Array("hello".utf8)], .malformed, "no GS2 header"),
        .octets(.xoauth2, [Array("hello".utf8)], .malformed, "no fields"),
    ]

    static let cancelled: [FailedLogin] = [
        .octets(.login, [], .cancelled, "given up at once"),
        .octets(.login, [Array("alice@example.org".utf8)], .cancelled, "given up at the password"),
        .octets(.cramMD5, [], .cancelled, "given up at the challenge"),
        .octets(.digestMD5, [], .cancelled, "given up at the challenge"),
    ]
}
