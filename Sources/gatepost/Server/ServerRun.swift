internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import Logging

/// Runs a server in this process.
enum ServerRun {
    /// Returns after SIGTERM, once running transactions are done.
    ///
    /// - Parameter whenReady: Called when every listener is bound.
    static func run(_ loaded: LoadedConfiguration, whenReady: @escaping @Sendable () throws -> Void = {}) async throws {
        let logger = loaded.configuration.log.logger(clock: SystemClock())
        for warning in loaded.warnings {
            logger.warning("configuration", metadata: ["warning": "\(warning.text(severity: "warning"))"])
        }
        do {
            try await GatepostService(configuration: loaded.configuration, logger: logger).run { _ in try whenReady() }
        } catch let failure as GatepostService.Failure {
            let hint = failure.hint.map { "\n\($0)" } ?? ""
            switch failure.kind {
            case .cannotListen: throw Failure(.unavailable, failure.description + hint)
            case .configuration: throw Failure(.badConfiguration, failure.description + hint)
            }
        }
    }
}
