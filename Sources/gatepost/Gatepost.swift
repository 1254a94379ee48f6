internal import ArgumentParser
internal import GatepostModel

struct Gatepost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatepost",
        abstract: "An authenticated mail server, and the tools around it.",
        discussion: """
            New here? 'gatepost dev' runs a sandbox on this machine that needs no configuration.
            For a real host: 'gatepost init', then 'gatepost serve'.

            Exit codes: 0 done, 1 the answer is no, 64 usage, 65 bad input, 69 unavailable, 74 input/output, \
            75 try again later, 77 not permitted, 78 bad configuration.
            """,
        version: "gatepost \(ProductVersion.current)",
        groupedSubcommands: [
            CommandGroup(
                name: "Server",
                subcommands: [
                    Init.self, Serve.self, Dev.self, Config.self, Status.self, RotateKey.self,
                ]
            ),
            CommandGroup(
                name: "What it holds",
                subcommands: [
                    AccountVerbs.self, LockVerbs.self, AppPasswordVerbs.self, APITokenVerbs.self, PasswordsVerbs.self,
                    DomainVerbs.self, DKIMVerbs.self, AliasVerbs.self, QueueVerbs.self, InboxVerbs.self,
                    AuditVerbs.self,
                    RelayVerbs.self,
                ]
            ),
            CommandGroup(
                name: "What it would decide",
                subcommands: [
                    Simulate.self, PolicyVerbs.self,
                ]
            ),
            CommandGroup(name: "Mail client", subcommands: [Send.self, ProviderVerbs.self]),
        ]
    )
}
