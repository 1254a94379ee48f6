internal import ArgumentParser
internal import GatepostModel
internal import GatepostServer
internal import MailSyntax
internal import SASL
internal import SMTP
internal import SMTPClient

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send one message through any server: a mail client for scripts and tests.",
        discussion: """
            Server and login may also come from GATEPOST_SERVER, GATEPOST_USER and GATEPOST_PASSWORD, or from key = value lines in \
            ~/.config/gatepost/send or /etc/gatepost/send. Exit code 1: the server refused the login or the message; 75: try later.
            """
    )

    enum Security: String, ExpressibleByArgument, CaseIterable {
        case starttls
        case implicit
        case none
        case opportunistic
    }

    @Option(name: .long, help: ArgumentHelp("The server. [localhost:587]", valueName: "host:port"))
    var server: String?

    @Option(name: .long, help: "Take server and TLS from this provider: see 'gatepost provider list'.")
    var provider: String?

    @Option(
        name: .long,
        help: "How to use TLS. [implicit on ports 465 and 1465, else starttls with a login and opportunistic without]"
    )
    var tls: Security?

    @Option(name: .long, help: "Trust these authorities (PEM) in place of the system's.", completion: .file())
    var ca: String?

    @Flag(name: .long, help: "Accept any certificate.")
    var insecure = false

    @Option(
        name: .long,
        help: "Show this certificate (PEM) to the server, and with --mechanism EXTERNAL log in by it.",
        completion: .file()
    )
    var certificate: String?

    @Option(name: .long, help: "The certificate's key (PEM).", completion: .file())
    var key: String?

    @Option(
        name: .long,
        help:
            "The SASL mechanism; with OAUTHBEARER and XOAUTH2 the password is an access token, GSSAPI takes your Kerberos ticket. [the strongest offered]"
    )
    var mechanism: String?

    @Option(
        name: .long,
        help: "Log in as this user. The password is asked for, or comes from one of the next two or GATEPOST_PASSWORD."
    )
    var user: String?

    @Option(name: .long, help: "A file whose first line is the password; - for standard input.", completion: .file())
    var passwordFile: String?

    @Option(name: .long, help: ArgumentHelp("An environment variable that holds the password.", valueName: "name"))
    var passwordEnv: String?

    @Option(name: .long, help: "The sender. [the user, where it is an address]")
    var from: String?

    @Option(name: .long, parsing: .singleValue, help: "A recipient; may be repeated.")
    var to: [String] = []

    @Option(name: .long, parsing: .singleValue, help: "A recipient of a copy; may be repeated.")
    var cc: [String] = []

    @Option(name: .long, parsing: .singleValue, help: "A recipient whom the header does not name; may be repeated.")
    var bcc: [String] = []

    @Option(name: .long, help: "The subject.")
    var subject = ""

    @Option(name: .long, help: "The text; - for standard input.")
    var body: String?

    @Option(name: .long, parsing: .singleValue, help: "A file to attach; may be repeated.", completion: .file())
    var attach: [String] = []

    @Option(
        name: .long,
        help: "Send this file, header and all, as the message; - for standard input.",
        completion: .file()
    )
    var data: String?

    @Flag(name: .long, help: "Show the session on standard error, secrets masked.")
    var transcript = false

    @Option(name: .long, help: "The name for EHLO. [this host's]")
    var helo: String?

    @Option(name: .long, help: "How long to wait at each step.")
    var timeout = DurationArgument(.seconds(60))

    @OptionGroup var output: JSONOption

    /// No message that a server takes is larger.
    private static let maximumOctets = 1 << 30

    func validate() throws {
        if self.to.isEmpty, self.cc.isEmpty, self.bcc.isEmpty {
            throw ValidationError("Name a recipient: --to bob@example.org.")
        }
        if self.data != nil, self.body != nil || !self.attach.isEmpty || !self.subject.isEmpty {
            throw ValidationError("--data is the whole message; --subject, --body and --attach make one.")
        }
    }

    func run() async throws {
        let settings = try self.settings()
        let endpoint = try settings.endpoint()
        let credentials = try self.ticket(settings, endpoint) ?? self.credentials(settings)
        guard let sender = self.from ?? settings.from ?? settings.user, let from = try Send.sender(sender) else {
            throw Failure(.usage, "there is no sender: say --from alice@example.org")
        }
        let (recipients, content) = (
            try (self.to + self.cc + self.bcc).flatMap(Send.mailboxes), try self.content(from: sender)
        )
        var options = ConnectionOptions(
            heloName: self.helo ?? SendRun.heloName(),
            tls: try Send.security(settings.tls, endpoint, hasLogin: credentials != nil),
            verification: self.insecure ? CertificateVerification.none : nil,
            trustRoots: (self.ca ?? settings.authorities).map { .file($0) } ?? .system,
            identity: try Send.identity(settings),
            credentials: credentials,
            mechanism: try settings.mechanism.map(Send.mechanism),
            timeouts: Timeouts(all: self.timeout.duration)
        )
        options.allowClearTextWithoutTLS = options.tls == .none
        if self.transcript { options.transcript = { Terminal.message(Terminal.visible("\($0)")) } }
        let run = SendRun(
            endpoint: endpoint,
            options: options,
            reversePath: from,
            recipients: recipients,
            content: content
        )
        let (report, code) = try await run.send()
        if self.output.json {
            try Terminal.json(report)
        } else {
            for recipient in report.recipients {
                let verb = recipient.accepted ? "accepted" : "refused at \(recipient.stage)"
                Terminal.message("\(recipient.address): \(verb): \(Terminal.visible(recipient.reply))")
            }
        }
        if code != .success { throw Failure(code, "") }
    }

    private func settings() throws -> SendSettings {
        var settings = try SendSettings.defaults()
        if let name = self.provider {
            let provider = try ProviderShow.provider(name)
            settings.server = "\(provider.host):\(provider.port)"
            settings.tls = Send.word(for: provider.tls)
        }
        settings.server = self.server ?? settings.server
        settings.tls = self.tls?.rawValue ?? settings.tls
        settings.user = self.user ?? settings.user
        settings.mechanism = self.mechanism ?? settings.mechanism
        settings.certificate = self.certificate ?? settings.certificate
        settings.key = self.key ?? settings.key
        return settings
    }

    private func credentials(_ settings: SendSettings) throws -> ClientCredentials? {
        if try settings.mechanism.map(Send.mechanism)?.credentialKind == .certificate {
            guard settings.certificate != nil else { throw Failure(.usage, "EXTERNAL needs --certificate and --key") }
            return ClientCredentials(
                authenticationIdentity: settings.user ?? "",
                authorizationIdentity: settings.user,
                password: Secret(""),
                kind: .certificate
            )
        }
        guard let user = settings.user else {
            if self.mechanism != nil { throw Failure(.usage, "--mechanism needs a login: say --user") }
            return nil
        }
        let password: Secret
        if let file = self.passwordFile {
            password = file == "-" ? try PasswordInput.fromStandardInput() : try PasswordInput.fromFile(file)
        } else if let name = self.passwordEnv {
            guard let value = Environment.variables[name] else {
                throw Failure(.usage, "the environment has no variable \(name)")
            }
            password = Secret(value)
        } else if let value = settings.password {
            password = Secret(value)
        } else if let file = settings.passwordFile {
            password = try PasswordInput.fromFile(file)
        } else if let answer = try PasswordInput.prompt("Password for \(user): ") {
            password = answer
        } else {
            throw Failure(
                .usage,
                "there is no password for \(user): see --password-file, --password-env, GATEPOST_PASSWORD"
            )
        }
        return ClientCredentials(authenticationIdentity: user, password: password)
    }

    private func content(from: String) throws -> [UInt8] {
        if let data = self.data {
            let octets =
                data == "-"
                ? try Terminal.readInput(limit: Send.maximumOctets)
                : try LocalFile.read(data, limit: Send.maximumOctets)
            return MessageComposer.canonical(octets)
        }
        var body = self.body ?? ""
        if body == "-" { body = String(decoding: try Terminal.readInput(limit: Send.maximumOctets), as: UTF8.self) }
        let attachments = try self.attach.map { path in
            MessageComposer.Attachment(
                name: path.split(separator: "/").last.map(String.init) ?? path,
                content: try LocalFile.read(path, limit: Send.maximumOctets)
            )
        }
        guard !self.subject.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
            throw Failure(.badInput, "the subject has more than one line")
        }
        let composer = MessageComposer(
            from: from,
            to: self.to,
            cc: self.cc,
            subject: self.subject,
            body: body,
            attachments: attachments
        )
        return composer.compose(now: SystemClock().now(), hostname: SendRun.heloName())
    }

    // MARK: Words of the command line

    /// `bob@example.org` or `Bob <bob@example.org>`, or several with commas.
    static func mailboxes(_ text: String) throws -> [Mailbox] {
        do {
            let mailboxes = try AddressList(parsing: text).mailboxes
            guard !mailboxes.isEmpty else { throw Failure(.badInput, "'\(text)' names nobody") }
            return mailboxes
        } catch let error as MailSyntaxError {
            throw Failure(.badInput, "'\(text)' is not a mail address: \(error)")
        }
    }

    /// The reverse-path; `<>` is the null one. `nil` for a user name that is no address.
    static func sender(_ text: String) throws -> ReversePath? {
        if text == "<>" || text.isEmpty { return .null }
        guard text.utf8.contains(UInt8(ascii: "@")) else { return nil }
        return try Send.mailboxes(text).first.map { .mailbox($0) }
    }

    static func mechanism(_ text: String) throws -> MechanismName {
        if let name = MechanismName(text), ClientMechanisms.all.contains(name) { return name }
        let near =
            NearestWord.to(text, among: ClientMechanisms.all.map(\.description)).map { "; did you mean '\($0)'?" } ?? ""
        throw Failure(.usage, "'\(text)' is not a mechanism that this version has\(near)")
    }

    static func identity(_ settings: SendSettings) throws -> TLSIdentity? {
        switch (settings.certificate, settings.key) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            do {
                return try TLSIdentity(certificateFile: certificate, keyFile: key)
            } catch {
                throw Failure(.badInput, "\(certificate) and \(key) are no certificate and key in PEM: \(error)")
            }
        case (nil, _), (_, nil): throw Failure(.usage, "--certificate and --key go together")
        }
    }

    static func word(for security: TransportSecurity) -> String {
        security == .required ? "starttls" : security.rawValue
    }

    static func security(_ text: String?, _ endpoint: Endpoint, hasLogin: Bool) throws -> TransportSecurity {
        switch text {
        case "starttls": return .required
        case "implicit": return .implicit
        case "none": return TransportSecurity.none
        case "opportunistic": return .opportunistic
        case nil:
            if case .tcp(_, let port) = endpoint, port == 465 || port == 1465 { return .implicit }
            return hasLogin ? .required : .opportunistic
        case .some(let other):
            throw Failure(.usage, "'\(other)' is not a way to use TLS: starttls, implicit, opportunistic or none")
        }
    }
}
