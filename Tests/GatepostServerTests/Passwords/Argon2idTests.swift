import GatepostModel
import GatepostServer
import SASL
import Testing

@Suite("Argon2id, RFC 9106")
struct Argon2idTests {
    /// From the test program of the reference implementation.
    @Test(
        "verifies hashes of the reference implementation",
        arguments: [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
        ]
    )
    func reference(phc: String) throws {
        #expect(try Argon2id.verify(Secret("password"), phc))
        #expect(try !Argon2id.verify(Secret("passwore"), phc))
        #expect(try !Argon2id.verify(Secret(""), phc))
    }

    @Test("hashes with 19 MiB, two passes and one lane")
    func standard() throws {
        let hash = try Argon2id.hash(Secret("correct horse"), salt: RandomOctets.make(16)).description
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try Argon2id.verify(Secret("correct horse"), hash))
        #expect(try !Argon2id.verify(Secret("correct horsf"), hash))
    }

    @Test(
        "what cannot be a hash of ours is no password's",
        arguments: [
            "", "$", "plain", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=1000000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
        ]
    )
    func refused(phc: String) throws {
        #expect(try !Argon2id.verify(Secret("password"), phc))
    }
}
