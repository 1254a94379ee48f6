import GatepostModel
import MailSyntax
import SASL
import Testing

@Suite("What every store does with credentials")
struct CredentialStoreTests {
    private static let alice = "alice@example.org"
    private static let now = Timestamp(secondsSince1970: 1_800_000_000)

    private static func keys(_ seed: UInt8) -> NewCredential {
        NewCredential(
            argon2id: nil,
            scram: (0..<6).map { number in
                SCRAMCredential(
                    hash: number.isMultiple(of: 2) ? .sha1 : .sha256,
                    salt: [1],
                    iterations: 4096,
                    storedKey: [seed, UInt8(number)],
                    serverKey: [seed, UInt8(number), 1]
                )
            },
            digest: [UInt8](repeating: seed, count: 32)
        )
    }

    private static func appPassword(_ name: String, _ seed: UInt8) throws -> AddedCredential {
        AddedCredential(
            kind: .appPassword,
            name: name,
            created: self.now,
            rules: CredentialRules(
                expires: self.now + .seconds(60),
                networks: [try #require(IPNetwork("192.0.2.0/24")), try #require(IPNetwork("2001:db8::/32"))],
                identities: [
                    try #require(IdentityPattern("*@example.com")),
                    try #require(IdentityPattern("\"a b\"@example.org")),
                ],
                recipientDomains: [try Domain(parsing: "example.net"), try Domain(parsing: "example.org")],
                limits: SendingLimits([.messagesPerHour: .atMost(7), .sessions: .atMost(2)])
            ),
            keys: self.keys(seed)
        )
    }

    private func withAccount(_ kind: StoreKind, _ body: (any AnyStore) async throws -> Void) async throws {
        try await kind.withStore { store async throws in
            let keys = NewCredential(argon2id: "$argon2id$x", scram: Self.keys(1).scram)
            _ = try await store.add(NewAccount(address: Self.alice, credential: keys, created: Self.now))
            try await body(store)
        }
    }

    @Test(
        "a credential comes back as it was given; its name and its digest are taken once",
        arguments: StoreKind.allCases
    )
    func roundTrip(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            let added = try Self.appPassword("phone", 2)
            guard case .added(let account) = try await store.addCredential(added, to: Self.alice) else {
                Issue.record("not added")
                return
            }
            #expect(try await store.account(address: Self.alice) == account)
            let credential = try #require(account.credentials.last)
            #expect(credential.kind == .appPassword)
            #expect(credential.name == "phone")
            #expect(credential.created == Self.now)
            #expect(credential.rules == added.rules)
            #expect(credential.keys == added.keys)
            #expect(credential.isEnabled)
            #expect(account.credentials.first?.kind == .password)
            let owner = try #require(try await store.credentialOwner(digest: added.keys.digest ?? []))
            #expect(owner == (Self.alice, credential.id))
            #expect(try await store.credentialOwner(digest: [9]) == nil)

            for again in [try Self.appPassword("phone", 3), try Self.appPassword("laptop", 2)] {
                guard case .exists = try await store.addCredential(again, to: Self.alice) else {
                    Issue.record("taken twice")
                    return
                }
            }
            guard case .noAccount = try await store.addCredential(added, to: "nobody@example.org") else {
                Issue.record("added to nobody")
                return
            }
            #expect(try await store.account(address: Self.alice) == account)
        }
    }

    @Test(
        "one that is revoked is known as a former one, its name free again; a new main password leaves the others",
        arguments: StoreKind.allCases
    )
    func revoke(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            guard
                case .added(let account) = try await store.addCredential(
                    try Self.appPassword("phone", 2),
                    to: Self.alice
                )
            else {
                Issue.record("not added")
                return
            }
            let phone = try #require(account.credentials.last)
            let later = Self.now + .seconds(5)
            let revoked = try #require(try await store.revokeCredential(phone.id, of: Self.alice, at: later))
            #expect(revoked.credentials.map(\.kind) == [.password])
            let former = try #require(revoked.former.first)
            #expect(former.name == "phone")
            #expect(former.retired == later)
            #expect(former.digest == phone.digest)
            #expect(former.scram == phone.scram)
            #expect(try await store.account(address: Self.alice) == revoked)
            #expect(try await store.revokeCredential(phone.id, of: Self.alice, at: later) == nil)
            guard case .added = try await store.addCredential(try Self.appPassword("phone", 3), to: Self.alice) else {
                Issue.record("the name is not free")
                return
            }
            let changed = try #require(
                try await store.setPassword(
                    NewCredential(argon2id: "new", scram: Self.keys(4).scram),
                    of: Self.alice,
                    PasswordChange(time: later, mustChange: true, remembering: 2)
                )
            )
            #expect(changed.credentials.count == 2)
            #expect(Set(changed.former.map(\.kind)) == [.appPassword, .password])
            let main = try #require(changed.credentials.first { $0.kind == .password })
            #expect(main.mustChange)
            #expect(main.created == later)
        }
    }

    @Test("only the latest former passwords are kept", arguments: StoreKind.allCases)
    func pruning(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            for number in UInt8(10)..<16 {
                _ = try await store.setPassword(
                    NewCredential(argon2id: "x", scram: Self.keys(number).scram),
                    of: Self.alice,
                    PasswordChange(time: Self.now + .seconds(Int(number)), remembering: 3)
                )
            }
            let account = try #require(try await store.account(address: Self.alice))
            #expect(account.former.compactMap { $0.scram.first?.storedKey.first } == [14, 13, 12])
            _ = try await store.setPassword(
                NewCredential(argon2id: "x", scram: []),
                of: Self.alice,
                PasswordChange(remembering: 0)
            )
            #expect(try await store.account(address: Self.alice)?.former.isEmpty == true)
        }
    }

    @Test("switches make another version", arguments: StoreKind.allCases)
    func switches(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            let before = try #require(try await store.account(address: Self.alice)?.credentials.first)
            #expect(try await store.setMustChange(true, of: Self.alice))
            let changed = try #require(try await store.account(address: Self.alice)?.credentials.first)
            #expect(changed.mustChange)
            #expect(changed.version > before.version)
            #expect(try await store.setMustChange(true, of: "nobody@example.org") == false)
            let disabled = try await store.setCredential(before.id, enabled: false, of: Self.alice)
            #expect(disabled?.credentials.first?.isEnabled == false)
            #expect(try await store.setCredential(12345, enabled: false, of: Self.alice) == nil)
        }
    }

    @Test("the latest use of each credential is kept, and goes with it", arguments: StoreKind.allCases)
    func uses(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            let id = try #require(try await store.account(address: Self.alice)?.credentials.first?.id)
            let first = CredentialUse(credential: id, time: Self.now, address: "192.0.2.1")
            let second = CredentialUse(credential: id, time: Self.now + .seconds(1), address: nil)
            try await store.recordUses([first, CredentialUse(credential: 12345, time: Self.now, address: nil)])
            #expect(try await store.uses(of: Self.alice) == [id: first])
            try await store.recordUses([second])
            try await store.recordUses([first])
            #expect(try await store.uses(of: Self.alice) == [id: second])
            #expect(try await store.uses(of: "nobody@example.org").isEmpty)
            _ = try await store.remove(address: Self.alice)
            #expect(try await store.uses(of: Self.alice).isEmpty)
        }
    }

    @Test(
        "a second factor guards once confirmed; each step and each recovery code is used once",
        arguments: StoreKind.allCases
    )
    func secondFactor(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            #expect(try await store.secondFactor(of: Self.alice) == nil)
            let parameters = try #require(TOTP.Parameters(algorithm: .sha512, digits: 8, period: 60))
            let factor = SecondFactor(sealedSecret: [1, 2, 3], parameters: parameters)
            #expect(try await store.setSecondFactor(factor, of: Self.alice))
            #expect(try await store.setSecondFactor(factor, of: "nobody@example.org") == false)
            #expect(try await store.secondFactor(of: Self.alice) == factor)
            #expect(try await store.account(address: Self.alice)?.hasSecondFactor == false)
            #expect(try await store.confirmSecondFactor(of: Self.alice, step: 100, recoveryCodes: [[1], [2]]))
            #expect(try await store.confirmSecondFactor(of: Self.alice, step: 200, recoveryCodes: []) == false)
            #expect(try await store.account(address: Self.alice)?.hasSecondFactor == true)
            let confirmed = try #require(try await store.secondFactor(of: Self.alice))
            #expect(confirmed.isConfirmed)
            #expect(confirmed.lastStep == 100)
            #expect(confirmed.recoveryCodes == 2)
            #expect(try await store.useStep(100, of: Self.alice) == false)
            #expect(try await store.useStep(99, of: Self.alice) == false)
            #expect(try await store.useStep(101, of: Self.alice))
            #expect(try await store.useStep(101, of: Self.alice) == false)
            #expect(try await store.useRecoveryCode([2], of: Self.alice))
            #expect(try await store.useRecoveryCode([2], of: Self.alice) == false)
            #expect(try await store.useRecoveryCode([3], of: Self.alice) == false)
            let changed = try await store.reseal { sealed, _ in sealed == [1, 2, 3] ? [4] : nil }
            #expect(changed == [Self.alice])
            #expect(try await store.secondFactor(of: Self.alice)?.sealedSecret == [4])
            #expect(try await store.removeSecondFactor(of: Self.alice))
            #expect(try await store.removeSecondFactor(of: Self.alice) == false)
            #expect(try await store.account(address: Self.alice)?.hasSecondFactor == false)
        }
    }

    @Test("a certificate's key stands for one account", arguments: StoreKind.allCases)
    func certificates(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            let certificate = RegisteredCertificate(
                fingerprint: [UInt8](repeating: 7, count: 32),
                name: "laptop",
                subject: "CN=laptop",
                expires: Self.now + .seconds(60),
                added: Self.now
            )
            _ = try await store.add(
                NewAccount(address: "bob@example.org", credential: NewCredential(argon2id: "x", scram: []))
            )
            guard case .added = try await store.addCertificate(certificate, to: Self.alice),
                case .exists = try await store.addCertificate(certificate, to: "bob@example.org"),
                case .noAccount = try await store.addCertificate(certificate, to: "nobody@example.org")
            else {
                Issue.record("wrong outcome")
                return
            }
            #expect(try await store.certificateOwner(fingerprint: certificate.fingerprint) == Self.alice)
            #expect(try await store.certificates(of: Self.alice) == [certificate])
            #expect(
                try await store.removeCertificate(fingerprint: certificate.fingerprint, from: "bob@example.org")
                    == false
            )
            #expect(try await store.removeCertificate(fingerprint: certificate.fingerprint, from: Self.alice))
            #expect(try await store.certificateOwner(fingerprint: certificate.fingerprint) == nil)
        }
    }

    @Test("who was granted an address", arguments: StoreKind.allCases)
    func granted(_ kind: StoreKind) async throws {
        try await self.withAccount(kind) { store in
            let sales = try #require(IdentityPattern("sales@example.org"))
            #expect(try await store.accounts(granted: "sales@example.org").isEmpty)
            _ = try await store.grant(sales, to: Self.alice)
            _ = try await store.grant(try #require(IdentityPattern("*@example.org")), to: Self.alice)
            #expect(try await store.accounts(granted: "sales@example.org") == [Self.alice])
            #expect(try await store.accounts(granted: "other@example.org").isEmpty, "a domain is no login name")
            for name in ["b", "c"] {
                _ = try await store.add(
                    NewAccount(
                        address: "\(name)@example.org",
                        credential: NewCredential(argon2id: "x", scram: []),
                        identities: [sales]
                    )
                )
            }
            #expect(try await store.accounts(granted: "sales@example.org").count == 2)
        }
    }
}
