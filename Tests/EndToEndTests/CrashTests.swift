import Foundation
import Testing

/// The promise of 250: the message survives the death of the server at any moment, and arrives as it was.
@Suite(.serialized, .enabled(if: Program.areInstalled("python3", "openssl"), Program.howToInstall))
struct CrashTests {
    /// GATEPOST_CRASH_ROUNDS, else few enough for every run of the tests.
    private static let rounds =
        ProcessInfo.processInfo.environment["GATEPOST_CRASH_ROUNDS"].flatMap { Int($0) } ?? 5

    @Test(.timeLimit(.minutes(30)))
    func `kill -9 under load loses no message and changes none`() async throws {
        let clock = ContinuousClock()
        let certificates = try await Certificates.make()
        let folder = try TemporaryFolder("crash")
        guard let python = Program.find("python3") else { throw MissingProgram(name: "python3") }

        let port = try Loopback.freePorts(1)[0]
        let sink = try ChildProcess(
            [python, Program.script("sink.py"), "127.0.0.1", "\(port)", folder.path("received")],
            input: .heldOpen,
            log: folder.path("sink")
        )
        try await Loopback.waitUntilAccepting("127.0.0.1", port, by: sink)

        let gatepost = try Gatepost(
            """
            delivery:
              route: relay
              relay: { host: 127.0.0.1, port: \(port), tls: none }
              retry: { first: 1s, maximum: 2s, expire: 1h }
            """,
            certificates: certificates
        )
        try await gatepost.verb("domain", "add", "gatepost.test")
        try await gatepost.addAccount(Site.alice, password: Site.password)
        try await gatepost.start()

        let load = try ChildProcess(
            [
                python, Program.script("load.py"), "\(gatepost.startTLSPort)", certificates.authority, Site.alice, "8",
                folder.path("accepted"),
            ],
            environment: ["SUBMIT_PASSWORD": Site.password],
            input: .heldOpen,
            log: folder.path("load")
        )
        for round in 1...Self.rounds {
            // The moment is random; that work is under way then is not.
            let before = Ledger(folder.path("accepted")).lines
            try await eventually("accepted messages in round \(round)", within: .seconds(60)) {
                if let exit = load.poll() {
                    throw ChildProcessError.failed(command: "load", exit: exit, said: load.errors)
                }
                return Ledger(folder.path("accepted")).lines > before ? () : nil
            }
            try await clock.sleep(for: .milliseconds(Int.random(in: 0...600)))
            try await gatepost.kill()
            try await gatepost.start()
        }
        load.letGoOfInput()
        _ = try await load.waitForExit(within: .seconds(60))

        let accepted = Ledger(folder.path("accepted"))
        try await waitForEmptyQueue(of: gatepost)
        _ = try await gatepost.stop()
        let received = Ledger(folder.path("received"))

        let lost = accepted.digests.keys.filter { received.digests[$0] == nil }
        let changed = accepted.digests.filter { number, digests in
            received.digests[number].map { $0 != digests } ?? false
        }
        let alsoArrived = received.digests.keys.filter { accepted.digests[$0] == nil }
        print(
            """
            crash rounds \(Self.rounds): accepted \(accepted.digests.count), lost \(lost.count), changed \(changed.count), \
            delivered more than once \(received.lines - received.digests.count), arrived without a 250 having been \
            seen \(alsoArrived.count)
            """
        )
        let complaints = String(decoding: load.output, as: UTF8.self)
        #expect(complaints.isEmpty, "replies other than 250: \(complaints.prefix(2000))")
        #expect(lost.isEmpty, "lost: \(lost.prefix(20))")
        #expect(changed.isEmpty, "changed: \(changed.keys.prefix(20))")
    }

    private func waitForEmptyQueue(of gatepost: Gatepost) async throws {
        try await eventually("an empty queue", within: .seconds(300)) {
            let list = try await gatepost.verb("queue", "list", "--json")
            return String(decoding: list.output, as: UTF8.self).contains("@crash.test") ? nil : ()
        }
    }
}

/// A file of lines `NUMBER SHA256 SIZE`, as load.py and sink.py write them.
private struct Ledger {
    /// By message number, every content it was seen with.
    var digests: [Int: Set<String>] = [:]
    var lines = 0

    init(_ path: String) {
        for line in String(decoding: contents(of: path), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let number = Int(words[0]) else { continue }
            digests[number, default: []].insert("\(words[1]) \(words[2])")
            lines += 1
        }
    }
}
