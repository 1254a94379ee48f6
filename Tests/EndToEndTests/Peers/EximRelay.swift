/// Exim as a client: it relays by a smarthost where it must log in. One process a message, so that each may use another
/// authenticator.
struct EximRelay: MailClient {
    let program = "exim"
    let name = "Exim"
    let mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"]
    let otherMechanisms = ["EXTERNAL", "XOAUTH2", "NTLMv1"]
    let habits = [
        "XOAUTH2": "by the `plaintext` driver, whose `client_send` is the whole message",
        "NTLMv1": "its `spa` driver knows no NTLMv2",
    ]

    func send(_ submission: Submission) async throws -> Completed {
        let folder = submission.folder
        try Exim.makeFolders(in: folder)
        let file = try folder.write("exim.conf", try configuration(submission))
        let message = try folder.write("message", submission.message.stored)
        let command = "exec exim4 -C \(file) -odf -oi -f \(submission.sender) \(submission.recipient) < \(message)"
        let sent = try await UnpackedServers.runToEnd("exim", ["sh", "-c", command])
        let log = Exim.log(in: folder)
        let isDelivered = log.contains(" => \(submission.recipient) ")
        return Completed(exit: isDelivered ? .code(0) : .code(1), output: sent.output, errors: sent.errors + log)
    }

    func version() async throws -> String {
        let said = try await UnpackedServers.runToEnd("exim", ["exim4", "-bV"]).said
        let words = said.split(whereSeparator: \.isWhitespace)
        return words.drop { $0 != "version" }.dropFirst().first.map(String.init) ?? "unknown"
    }

    private func configuration(_ submission: Submission) throws -> String {
        let folder = submission.folder
        var identity = ""
        if let client = submission.identity {
            // Exim reads the key with lowered rights; it is a test's key.
            let key = try folder.write("client.key", contents(of: client.key))
            identity = "tls_certificate = \(client.certificate)\n  tls_privatekey = \(key)"
        }
        return Exim.settings(in: folder, hostname: "relay.exim.test", address: EximSink.address) + """
            disable_ipv6 = true

            begin routers
            smarthost:
              driver = manualroute
              route_list = * localhost byname
              self = send
              transport = submission

            begin transports
            submission:
              driver = smtp
              port = \(submission.port)
              hosts_require_auth = *
              hosts_require_tls = *
              hosts_avoid_pipelining = *
              hosts_try_chunking =
              tls_verify_certificates = \(submission.authority)
              tls_verify_hosts = *
              \(identity)

            begin retry
            * * F,2h,1m

            begin authenticators
            \(authenticator(submission))

            """
    }

    private func authenticator(_ submission: Submission) -> String {
        let (user, password) = (submission.user, submission.password)
        let settings =
            switch submission.mechanism {
            case "PLAIN": ["driver = plaintext", "client_send = ^\(user)^\(password)"]
            case "LOGIN": ["driver = plaintext", "client_send = : \(user) : \(password)"]
            case "CRAM-MD5": ["driver = cram_md5", "client_name = \(user)", "client_secret = \(password)"]
            case "NTLM": ["driver = spa", "client_username = \(user)", "client_password = \(password)"]
            case "EXTERNAL": ["driver = external", "client_send = \(user)"]
            default: ["driver = plaintext", #"client_send = "user=\#(user)\\x01auth=Bearer \#(password)\\x01\\x01""#]
            }
        return (["only:", "public_name = \(submission.mechanism)"] + settings).joined(separator: "\n  ")
    }
}
