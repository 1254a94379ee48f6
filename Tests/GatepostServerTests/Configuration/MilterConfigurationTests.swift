import GatepostModel
import Testing

@testable import GatepostServer

@Suite("Configuration of mail filters")
struct MilterConfigurationTests {
    private func load(_ milters: String) throws -> LoadedConfiguration {
        try ConfigurationLoader.load(
            text: "hostname: mail.example.org\ntls: { certificate: c.pem, key: k.pem }\nmilters: \(milters)\n",
            name: "c.yaml",
            file: "/etc/gatepost/c.yaml",
            environment: [:],
            checkingCertificate: false
        )
    }

    @Test("everything that can be said is read")
    func all() throws {
        let loaded = try self.load(
            """

              - name: rspamd
                socket: "inet:127.0.0.1:11332"
                for: [reception]
                onFailure: accept
                timeouts: { connect: 5s, command: 6s, content: 7s, endOfMessage: 8s, longest: 9s }
              - { name: dkim, socket: "unix:run/dkim.sock" }
              - { name: six, socket: "inet:[::1]:8891" }
              - { name: by-name, socket: "inet:Filter.example.org:8891" }
            """
        )
        let milters = loaded.configuration.milters
        #expect(milters.map(\.name) == ["rspamd", "dkim", "six", "by-name"])
        #expect(
            milters.map(\.socket.description) == [
                "inet:127.0.0.1:11332", "unix:/etc/gatepost/run/dkim.sock", "inet:[::1]:8891",
                "inet:filter.example.org:8891",
            ]
        )
        var timeouts = Configuration.Milter.Timeouts()
        timeouts.connect = .seconds(5)
        timeouts.command = .seconds(6)
        timeouts.content = .seconds(7)
        timeouts.endOfMessage = .seconds(8)
        timeouts.longest = .seconds(9)
        #expect(milters.first?.timeouts == timeouts)
        #expect(milters.first?.traffic == [.reception])
        #expect(milters.first?.onFailure == .accept)
        #expect(milters.last?.traffic == [.submission, .reception])
        #expect(milters.last?.onFailure == .tempfail)
        #expect(milters.last?.timeouts == Configuration.Milter.Timeouts())
        #expect(
            loaded.settings.contains {
                $0.key == "milters[0]" && $0.value == "rspamd at inet:127.0.0.1:11332, for reception, on failure accept"
            }
        )
    }

    @Test(
        "faults say where and what to do",
        arguments: [
            (
                "[{ name: a }]",
                "milters[0].socket: is required: such as unix:/run/rspamd/milter.sock or inet:127.0.0.1:11332"
            ),
            (
                "[{ socket: \"unix:/x\" }]",
                "milters[0].name: is required: a short name for logs and held mail, such as rspamd"
            ),
            ("[{ name: \"a b\", socket: \"unix:/x\" }]", "milters[0].name: must be letters, digits, - and _"),
            (
                "[{ name: a, socket: \"unix:/x\" }, { name: a, socket: \"unix:/y\" }]",
                "milters[1].name: 'a' is there twice: logs could not tell them apart"
            ),
            ("[{ name: a, socket: /x }]", "did you mean 'unix:/x'?"),
            ("[{ name: a, socket: \"local:/x\" }]", "did you mean 'unix:/x'?"),
            ("[{ name: a, socket: \"127.0.0.1:99\" }]", "did you mean 'inet:127.0.0.1:99'?"),
            ("[{ name: a, socket: \"inet:8891@localhost\" }]", "did you mean 'inet:localhost:8891'?"),
            ("[{ name: a, socket: \"inet6:8891@::1\" }]", "an IPv6 address goes into brackets"),
            ("[{ name: a, socket: \"inet:host\" }]", "milters[0].socket: must be inet:host:port, not 'inet:host'"),
            ("[{ name: a, socket: \"inet:host:0\" }]", "milters[0].socket: must be inet:host:port, not 'inet:host:0'"),
            ("[{ name: a, socket: \"unix:\" }]", "milters[0].socket: names no file behind unix:"),
            ("[{ name: a, socket: \"unix:/x\", for: [] }]", "milters[0].for: must name submission, reception or both"),
            (
                "[{ name: a, socket: \"unix:/x\", for: [outbound] }]",
                "milters[0].for[0]: must be submission or reception"
            ),
            ("[{ name: a, socket: \"unix:/x\", onFailure: discard }]", "onFailure: must be accept, tempfail or reject"),
            ("[{ name: a, socket: \"unix:/x\", onFailur: accept }]", "did you mean 'onFailure'?"),
            (
                "[{ name: a, socket: \"unix:/x\", timeouts: { longest: 1s } }]",
                "milters[0].timeouts.longest: must not be shorter than endOfMessage"
            ),
            ("[{ name: a, socket: \"unix:/x\", timeouts: { command: 5 } }]", "did you mean '5s'?"),
        ]
    )
    func faults(_ milters: String, _ expected: String) throws {
        do {
            _ = try self.load(milters)
            Issue.record("no fault")
        } catch let faults as ConfigurationFaults {
            #expect("\(faults)".contains(expected), "\(faults)")
        }
    }

    @Test("a wait longer than clients have is warned of")
    func warning() throws {
        let loaded = try self.load("[{ name: a, socket: \"unix:/x\", timeouts: { longest: 20m } }]")
        #expect(loaded.warnings.contains { "\($0)".contains("clients wait ten minutes") })
    }
}
