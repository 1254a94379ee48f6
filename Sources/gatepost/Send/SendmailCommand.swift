internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import MailSyntax
internal import SASL
internal import SMTP
internal import SMTPClient

/// What programs expect behind the name `sendmail`: a message on standard input, recipients as arguments or (-t) in its header.
///
/// Server and login come from the environment or the file that ``SendSettings`` reads. Flags of the original that make no difference here
/// are taken and ignored.
struct SendmailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendmail",
        abstract: "Send the message on standard input.",
        discussion:
            "Server and login: GATEPOST_SERVER, GATEPOST_USER, GATEPOST_PASSWORD, ~/.config/gatepost/send, /etc/gatepost/send."
    )

    @Argument(parsing: .captureForPassthrough, help: "Flags of sendmail and recipients.")
    var arguments: [String] = []

    private struct Request {
        var sender: String?
        var takesRecipientsFromHeader = false
        var ignoresDots = false
        var isVerbose = false
        var recipients: [String] = []
    }

    func run() async throws {
        let request = try SendmailCommand.parse(self.arguments)
        let settings = try SendSettings.defaults()
        let input = try Terminal.readInput(limit: 1 << 30)
        var octets = MessageComposer.canonical(request.ignoresDots ? input : SendmailCommand.untilDot(input))
        let header = try HeaderSection(parsing: octets)
        var recipients = try request.recipients.flatMap(Send.mailboxes)
        if request.takesRecipientsFromHeader {
            for case .field(let field) in header.lines
            where field.isNamed("To") || field.isNamed("Cc") || field.isNamed("Bcc") {
                recipients += try AddressList(parsing: field.valueOctets).mailboxes
            }
        }
        guard !recipients.isEmpty else { throw Failure(.usage, "no recipients") }
        octets = SendmailCommand.withoutBcc(header) + octets[header.bodyOffset...]
        guard let sender = request.sender ?? settings.from ?? SendmailCommand.author(header) ?? settings.user,
            let reversePath = try Send.sender(sender)
        else { throw Failure(.usage, "no sender: say -f ADDRESS") }
        let endpoint = try settings.endpoint()
        let credentials = try settings.user.map { user in
            ClientCredentials(authenticationIdentity: user, password: try SendmailCommand.password(settings))
        }
        var options = ConnectionOptions(
            heloName: SendRun.heloName(),
            tls: try Send.security(settings.tls, endpoint, hasLogin: credentials != nil),
            trustRoots: settings.authorities.map { .file($0) } ?? .system,
            credentials: credentials,
            mechanism: try settings.mechanism.map(Send.mechanism)
        )
        options.allowClearTextWithoutTLS = options.tls == .none
        if request.isVerbose { options.transcript = { Terminal.message(Terminal.visible("\($0)")) } }
        let run = SendRun(
            endpoint: endpoint,
            options: options,
            reversePath: reversePath,
            recipients: recipients,
            content: octets
        )
        let (report, code) = try await run.send()
        for recipient in report.recipients where !recipient.accepted {
            Terminal.message("\(recipient.address): \(Terminal.visible(recipient.reply))")
        }
        // Programs know the codes of sendmail: unavailable for a final no.
        if code != .success { throw Failure(code == .no ? .unavailable : code, "") }
    }

    private static func password(_ settings: SendSettings) throws -> Secret {
        if let password = settings.password { return Secret(password) }
        if let file = settings.passwordFile { return try PasswordInput.fromFile(file) }
        throw Failure(.badConfiguration, "there is a user and no password: set GATEPOST_PASSWORD or passwordFile")
    }

    private static func parse(_ arguments: [String]) throws -> Request {
        var request = Request()
        var rest = arguments[...]
        /// The value of a flag, attached or the next word.
        func value(_ argument: String) throws -> String {
            if argument.utf8.count > 2 { return String(argument.dropFirst(2)) }
            guard let next = rest.popFirst() else { throw Failure(.usage, "\(argument) needs a value") }
            return next
        }
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument != "-" else {
                request.recipients.append(argument)
                continue
            }
            switch argument {
            case "--":
                request.recipients += rest
                rest = []
            case "-t": request.takesRecipientsFromHeader = true
            case "-i", "-oi": request.ignoresDots = true
            case "-ti", "-it":
                request.takesRecipientsFromHeader = true
                request.ignoresDots = true
            case "-v": request.isVerbose = true
            case "-bm", "-n", "-G", "-m", "-U": break
            case _ where argument.hasPrefix("-f"), _ where argument.hasPrefix("-r"):
                request.sender = try value(argument)
            case _ where argument.hasPrefix("-F"):
                // The full name for a From field that the submitter left out; ours is never left out.
                _ = try value(argument)
            case _ where argument.hasPrefix("-b"):
                throw Failure(.usage, "\(argument): this sendmail only sends (-bm)")
            case _ where ["-B", "-N", "-R", "-V", "-h", "-L", "-O", "-p", "-X", "-C", "-A"].contains(argument):
                _ = try value(argument)
            case _
            where ["-o", "-e", "-B", "-N", "-R", "-V", "-h", "-L", "-O", "-d", "-q"].contains(
                String(argument.prefix(2))
            ):
                break
            default: throw Failure(.usage, "\(argument): unknown flag")
            }
        }
        return request
    }

    /// Without -i a line with a single dot ends the input.
    private static func untilDot(_ input: [UInt8]) -> [UInt8] {
        var start = input.startIndex
        while start < input.endIndex {
            let end = input[start...].firstIndex(of: 0x0A) ?? input.endIndex
            var line = input[start..<end]
            if line.last == 0x0D { line.removeLast() }
            if line.elementsEqual([0x2E]) { return Array(input[..<start]) }
            start = min(end + 1, input.endIndex)
        }
        return input
    }

    private static func withoutBcc(_ header: HeaderSection) -> [UInt8] {
        var octets: [UInt8] = []
        for line in header.lines {
            if case .field(let field) = line, field.isNamed("Bcc") { continue }
            octets += line.octets
            if octets.last != 0x0A { octets += [0x0D, 0x0A] }
        }
        return octets + [0x0D, 0x0A]
    }

    private static func author(_ header: HeaderSection) -> String? {
        for case .field(let field) in header.lines where field.isNamed("From") {
            do {
                return try AddressList(parsing: field.valueOctets).mailboxes.first?.description
            } catch {
                return nil
            }
        }
        return nil
    }
}
