import Glibc
import Testing

/// A realm of the tests' own with a KDC on loopback, made by `Scripts/kerberos-realm`.
///
/// Programs take part in it when they are run inside ``Ticket/use(_:)``.
final class KerberosRealm: Sendable {
    static let name = "GATEPOST.TEST"

    let folder: TemporaryFolder
    private let process: ChildProcess

    /// The keys of `smtp/127.0.0.1` and `smtp/localhost`.
    var keytab: String { folder.path("smtp.keytab") }
    /// The keys of every service of this first part.
    func keytab(of service: String) -> String { folder.path("\(service).keytab") }
    var configuration: String { folder.path("krb5.conf") }
    /// What a program needs to find the realm.
    var environment: [String: String] { ["KRB5_CONFIG": configuration] }

    private init(folder: TemporaryFolder, process: ChildProcess) {
        self.folder = folder
        self.process = process
    }

    /// Makes the realm and starts its KDC, which ends with the value returned.
    ///
    /// - Parameters:
    ///   - people: principals with their passwords.
    ///   - services: besides those of the two names of the server under test.
    static func start(people: [String: String], services: [String] = []) async throws -> KerberosRealm {
        let folder = try TemporaryFolder("realm")
        let port = try Loopback.freePorts(1)[0]
        let process = try ChildProcess(
            ["\(Program.packageRoot)/Scripts/kerberos-realm", folder.path("."), "\(port)"]
                + people.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                + ["smtp/127.0.0.1", "smtp/localhost"] + services,
            input: .heldOpen,
            log: folder.path("realm")
        )
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process)
        return KerberosRealm(folder: folder, process: process)
    }

    /// What a principal got from the KDC for its password.
    func ticket(of principal: String, password: String) async throws -> Ticket {
        let ticket = Ticket(realm: self, cache: "FILE:\(folder.path("tickets-\(UInt64.random(in: 0 ... .max))"))")
        let input = try folder.write("password-\(UInt64.random(in: 0 ... .max))", password + "\n", mode: 0o600)
        _ = try await ticket.use { try await succeed([try Program.path("kinit"), principal], input: .file(input)) }
        return ticket
    }

    /// Somebody without a ticket.
    var noTicket: Ticket { Ticket(realm: self, cache: "FILE:\(folder.path("nothing"))") }

    struct Ticket: Sendable {
        let realm: KerberosRealm
        /// As `KRB5CCNAME` has it.
        let cache: String

        var environment: [String: String] { realm.environment.merging(["KRB5CCNAME": cache]) { $1 } }

        /// Runs programs as somebody who holds this ticket.
        func use<Value>(_ body: () async throws -> Value) async throws -> Value {
            try await ChildProcess.$ambient.withValue(environment) { try await body() }
        }
    }

    /// What must be there for a realm to start.
    static let canStart = Program.areInstalled("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
}
