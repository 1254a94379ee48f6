package import GatepostModel
internal import GatepostSQLite
internal import Glibc

/// Where a command's requests go: to the running server, or, where none runs, to the stores, which are then locked.
package final class AdministrationSession {
    private enum Target {
        case server(ControlClient)
        case stores(Administration, SQLiteStore, SQLiteAuditTrail, OfflineSimulator)
    }

    private let target: Target

    private init(_ target: Target) {
        self.target = target
    }

    /// How long to wait for a server that is starting or another command that is working.
    private static let patience = Duration.seconds(5)

    /// - Throws: `StoreError`, ``LocalFile/Failure``.
    package static func open(_ configuration: Configuration) async throws -> AdministrationSession {
        let deadline = ContinuousClock.now + AdministrationSession.patience
        while true {
            if let client = try ControlClient.connect(dataDirectory: configuration.data) {
                return AdministrationSession(.server(client))
            }
            do {
                try LocalFile.makeDirectory(configuration.data)
                let store = try await SQLiteStore.open(dataDirectory: configuration.data)
                try await MasterKeyRotation.finish(inDirectory: configuration.data, store: store)
                let trail = try SQLiteAuditTrail.open(
                    dataDirectory: configuration.data,
                    key: try AuditKeyFile.open(inDirectory: configuration.data),
                    clock: SystemClock()
                )
                let keyring = MasterKeyring(try MasterKey.open(inDirectory: configuration.data))
                let simulator = OfflineSimulator(
                    configuration: configuration,
                    store: store,
                    trail: trail,
                    keyring: keyring,
                    clock: SystemClock()
                )
                let administration = Administration(
                    accounts: store,
                    queue: store,
                    inboxes: store,
                    clock: SystemClock(),
                    spool: store.spoolDirectory,
                    masterKeys: Administration.MasterKeys(
                        directory: configuration.data,
                        keyring: keyring
                    ),
                    defaultDomain: configuration.authentication.defaultDomain,
                    host: DomainRecords.Host(configuration),
                    policy: configuration.authentication.passwordPolicy,
                    hooks: .offline(version: ProductVersion.current, hostname: configuration.hostname),
                    recipients: RecipientRules(configuration),
                    sendingRules: .init(configuration),
                    trail: trail,
                    simulate: { try await simulator.report($0) }
                ).with(store, ownAddresses: try GatepostService.interfaceAddresses()).acting(as: .offline(getuid()))
                return AdministrationSession(.stores(administration, store, trail, simulator))
            } catch let error as StoreError where error.code == .inUse && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Only the running server; `nil` where none runs.
    package static func connect(_ configuration: Configuration) throws -> AdministrationSession? {
        try ControlClient.connect(dataDirectory: configuration.data).map { AdministrationSession(.server($0)) }
    }

    package var isServer: Bool {
        switch self.target {
        case .server: true
        case .stores: false
        }
    }

    /// - Throws: ``AdministrationFailure`` when the answer is one, and what breaks the connection.
    package func perform(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        let response: AdministrationResponse
        switch self.target {
        case .server(let client): response = try client.perform(request)
        case .stores(let administration, _, _, _): response = await administration.perform(request)
        }
        if case .failure(let failure) = response { throw failure }
        return response
    }

    package func close() async throws {
        switch self.target {
        case .server: return
        case .stores(_, let store, let trail, let simulator):
            try await simulator.close()
            try await trail.close()
            try await store.close()
        }
    }
}
