internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer

struct RotateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Make a new master key and seal all stored secrets with it.",
        discussion: """
            Works while the server runs and while it does not. A crash in between loses nothing: the next start or command finishes. \
            The old key is gone afterwards, so keep its backup as long as you keep backups of the database from before.
            """
    )

    @OptionGroup var store: StoreOptions

    func run() async throws {
        try await self.store.change(.rotateKey)
    }
}
