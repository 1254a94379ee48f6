import GatepostModel
import SASL
import Testing

@testable import GatepostSQLite

@Suite("What a login asks of the database")
struct LoginCostTests {
    @Test("no look-up of a login steps over rows of others, however many there are")
    func indexed() async throws {
        try await withTemporaryDirectory { directory in
            let store = try await SQLiteStore.open(dataDirectory: directory)
            for number in 0..<200 {
                let address = "a\(number)@example.org"
                let identities = [IdentityPattern("alias\(number)@example.org")].compactMap { $0 }
                let keys = NewCredential(argon2id: "x", scram: [])
                _ = try await store.add(NewAccount(address: address, credential: keys, identities: identities))
                let password = AddedCredential(
                    kind: .appPassword,
                    name: "phone",
                    created: noon,
                    rules: CredentialRules(),
                    keys: NewCredential(argon2id: nil, scram: [], digest: [UInt8(number), 1])
                )
                _ = try await store.addCredential(password, to: address)
                let certificate = RegisteredCertificate(
                    fingerprint: [UInt8(number)],
                    name: "laptop",
                    subject: "CN=laptop",
                    expires: noon,
                    added: noon
                )
                _ = try await store.addCertificate(certificate, to: address)
            }
            let account = try #require(try await store.account(address: "a150@example.org"))
            #expect(account.credentials.count == 2)
            #expect(try await store.account(address: "nobody@example.org") == nil)
            #expect(try await store.credentialOwner(digest: [150, 1])?.address == "a150@example.org")
            #expect(try await store.certificateOwner(fingerprint: [150]) == "a150@example.org")
            #expect(try await store.accounts(granted: "alias150@example.org") == ["a150@example.org"])
            #expect(try await store.accounts(granted: "nobody@example.org").isEmpty)
            #expect(try await store.secondFactor(of: "a150@example.org") == nil)
            #expect(try await store.reader.readOne { $0.fullScanSteps } == 0)
            let scanned = try await store.listReader.readOne { connection in
                let statement = try connection.statement("SELECT count(*) FROM account WHERE sandbox = 0")
                _ = try statement.first { $0.int(0) }
                return connection.fullScanSteps
            }
            #expect(scanned > 0, "the count of steps can tell")
            try await store.close()
        }
    }
}
