internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import Glibc

/// The codes of sysexits.h that commands end with.
extension ExitCode {
    /// The question was understood, and the answer is no.
    static let no = ExitCode(1)
    static let usage = ExitCode(64)
    static let badInput = ExitCode(65)
    static let unavailable = ExitCode(69)
    static let inputOutput = ExitCode(74)
    static let temporaryFailure = ExitCode(75)
    static let notPermitted = ExitCode(77)
    static let badConfiguration = ExitCode(78)
}

/// A command that cannot do what it was asked: what to say, and the code to end with.
struct Failure: Error {
    var code: ExitCode
    var message: String

    init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Says what went wrong and ends the process with the code that fits.
    ///
    /// - Parameter orElse: What ends the process for errors that no command of ours throws.
    static func exit(with error: any Error, orElse: (any Error) -> Never) -> Never {
        switch error {
        case let failure as Failure:
            if !failure.message.isEmpty { Terminal.message("error: \(failure.message)") }
            Glibc.exit(failure.code.rawValue)
        case let faults as ConfigurationFaults:
            Terminal.message(faults.description)
            Glibc.exit(ExitCode.badConfiguration.rawValue)
        case let failure as AdministrationFailure:
            Terminal.message("error: \(failure)")
            Glibc.exit(Failure.code(of: failure.kind).rawValue)
        case let error as StoreError:
            Terminal.message("error: \(error)")
            Glibc.exit((error.code == .inUse ? ExitCode.temporaryFailure : .inputOutput).rawValue)
        case let failure as LocalFile.Failure:
            Terminal.message("error: \(failure)")
            Glibc.exit((failure.isNotPermitted ? ExitCode.notPermitted : .inputOutput).rawValue)
        case let failure as MasterKey.Failure:
            Terminal.message("error: \(failure)")
            Glibc.exit(ExitCode.inputOutput.rawValue)
        case let failure as AuditKeyFile.Failure:
            Terminal.message("error: \(failure)")
            Glibc.exit(ExitCode.inputOutput.rawValue)
        case let failure as ControlClient.Failure:
            Terminal.message("error: \(failure)")
            Glibc.exit(ExitCode.unavailable.rawValue)
        case let failure as PasswordDerivation.Failure:
            Terminal.message("error: \(failure)")
            Glibc.exit(ExitCode.badInput.rawValue)
        case let error as ValidationError:
            Terminal.message("error: \(error.message)")
            Glibc.exit(ExitCode.usage.rawValue)
        default:
            orElse(error)
        }
    }

    private static func code(of kind: AdministrationFailure.Kind) -> ExitCode {
        switch kind {
        case .notFound, .exists: .no
        case .invalid: .badInput
        case .noSpace: .inputOutput
        case .unavailable: .temporaryFailure
        case .failed: .inputOutput
        }
    }
}
