import GatepostModel
import GatepostServer
import Glibc
import SASL
import Testing

@Suite("Master key")
struct MasterKeyTests {
    @Test("is made once, for its owner only, and read again")
    func file() throws {
        let directory = try TemporaryDirectory()
        let sealed = try MasterKey.open(inDirectory: directory.path).seal(Secret("s3cret"), owner: "a@b.example")
        #expect(try MasterKey.open(inDirectory: directory.path).open(sealed, owner: "a@b.example") == Secret("s3cret"))
        var status = stat()
        #expect(stat("\(directory.path)/master.key", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test("a key that others can read is refused")
    func open() throws {
        let directory = try TemporaryDirectory()
        _ = try MasterKey.open(inDirectory: directory.path)
        chmod("\(directory.path)/master.key", 0o640)
        #expect(throws: MasterKey.Failure.open(path: "\(directory.path)/master.key", mode: 0o640)) {
            try MasterKey.open(inDirectory: directory.path)
        }
    }

    @Test("a file of another size is refused")
    func size() throws {
        let directory = try TemporaryDirectory()
        try directory.write("master.key", "short")
        #expect(throws: MasterKey.Failure.wrongSize(path: "\(directory.path)/master.key")) {
            try MasterKey.open(inDirectory: directory.path)
        }
    }

    @Test("a sealed secret opens for its account only, and not when a bit is flipped")
    func seal() throws {
        let key = MasterKey.random()
        var sealed = try key.seal(Secret("s3cret"), owner: "a@b.example")
        #expect(throws: MasterKey.Failure.cannotOpen) { try key.open(sealed, owner: "c@b.example") }
        #expect(throws: MasterKey.Failure.cannotOpen) { try MasterKey.random().open(sealed, owner: "a@b.example") }
        #expect(throws: MasterKey.Failure.cannotOpen) { try key.open([], owner: "a@b.example") }
        sealed[sealed.count / 2] ^= 1
        #expect(throws: MasterKey.Failure.cannotOpen) { try key.open(sealed, owner: "a@b.example") }
    }

    @Test("keys for different uses differ, and stay the same")
    func derived() {
        let key = MasterKey.random()
        #expect(key.derived("one") == key.derived("one"))
        #expect(key.derived("one") != key.derived("two"))
        #expect(!"\(key)".contains("\(key.derived("one").octets)"))
    }
}

@Suite("Password derivation")
struct PasswordDerivationTests {
    @Test("the keys belong to the password")
    func keys() throws {
        let key = MasterKey.random()
        let credential = try PasswordDerivation.derive(
            Secret("pässword"),
            owner: "a@b.example",
            legacy: [.cramMD5],
            masterKey: key
        )
        let prepared = try Secret("pässword").preparedPassword()
        #expect(try Argon2id.verify(prepared, credential.argon2id ?? ""))
        #expect(credential.scram.map(\.hash) == SCRAMHash.allCases)
        for scram in credential.scram {
            #expect(scram.iterations >= 4096)
            #expect(scram.verify(password: Secret("pässword")))
            #expect(!scram.verify(password: Secret("passwort")))
        }
        #expect(try key.open(credential.sealedSecret ?? [], owner: "a@b.example") == prepared)
    }

    @Test("without old mechanisms nothing is kept that opens")
    func nothingSealed() throws {
        let credential = try PasswordDerivation.derive(Secret("x"), owner: "a@b.example", masterKey: .random())
        #expect(credential.sealedSecret == nil)
        #expect(credential.legacyMechanisms.isEmpty)
    }

    @Test(
        "unusable passwords are refused",
        arguments: [
            ("", SASLprepError.empty), (String(repeating: "x", count: 1025), .tooLong),
            ("a\u{7}b", .prohibitedCharacter),
        ]
    )
    func unusable(password: String, error: SASLprepError) {
        #expect(throws: PasswordDerivation.Failure.unusable(error)) {
            try PasswordDerivation.derive(Secret(password), owner: "a@b.example", masterKey: .random())
        }
    }

    @Test("made passwords are long and differ")
    func made() {
        let passwords = Set((0..<100).map { _ in RandomOctets.password() })
        #expect(passwords.count == 100)
        #expect(passwords.allSatisfy { $0.utf8.count == 23 })
    }
}
