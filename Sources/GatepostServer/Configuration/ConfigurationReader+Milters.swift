internal import GatepostModel
internal import MailSyntax

extension ConfigurationReader {
    /// `milters`: asked in this order, each sees what the former changed.
    mutating func milters() -> [Configuration.Milter] {
        guard let records = self.records("milters") else { return [] }
        var milters: [Configuration.Milter] = []
        for record in records {
            let name = self.milterName("\(record).name", others: milters.map(\.name))
            let socket = self.milterSocket("\(record).socket")
            let traffic = self.milterTraffic("\(record).for")
            let timeouts = self.milterTimeouts("\(record).timeouts")
            let onFailure = self.choice("\(record).onFailure", Configuration.Milter.FailureAction.self) ?? .tempfail
            guard let name, let socket else { continue }
            let milter = Configuration.Milter(
                name: name,
                socket: socket,
                traffic: traffic,
                timeouts: timeouts,
                onFailure: onFailure
            )
            milters.append(milter)
            self.show(record, ConfigurationReader.text(of: milter))
        }
        return milters
    }

    private static func text(of milter: Configuration.Milter) -> String {
        let traffic = Configuration.Milter.Traffic.allCases.filter { milter.traffic.contains($0) }
        return "\(milter.name) at \(milter.socket), for \(traffic.map(\.rawValue).joined(separator: ", ")), "
            + "on failure \(milter.onFailure.rawValue)"
    }

    private mutating func milterName(_ path: String, others: [String]) -> String? {
        guard let name = self.required(path, "a short name for logs and held mail, such as rspamd") else { return nil }
        let isWord = name.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == 0x5F }
        guard isWord, (1...32).contains(name.utf8.count) else {
            self.fault(path, "must be letters, digits, - and _, 32 at most, not '\(name)'")
            return nil
        }
        guard !others.contains(name) else {
            self.fault(path, "'\(name)' is there twice: logs could not tell them apart")
            return nil
        }
        return name
    }

    private mutating func milterTraffic(_ path: String) -> Set<Configuration.Milter.Traffic> {
        guard let words = self.words(path) else { return Set(Configuration.Milter.Traffic.allCases) }
        if words.isEmpty { self.fault(path, "must name submission, reception or both: else the filter is never asked") }
        return Set(words.compactMap { self.choice($0.path, $0.text, Configuration.Milter.Traffic.self) })
    }

    private mutating func milterTimeouts(_ path: String) -> Configuration.Milter.Timeouts {
        var timeouts = Configuration.Milter.Timeouts()
        let range = Duration.milliseconds(100)...(.seconds(3600))
        timeouts.connect = self.duration("\(path).connect", in: range) ?? timeouts.connect
        timeouts.command = self.duration("\(path).command", in: range) ?? timeouts.command
        timeouts.content = self.duration("\(path).content", in: range) ?? timeouts.content
        timeouts.endOfMessage = self.duration("\(path).endOfMessage", in: range) ?? timeouts.endOfMessage
        timeouts.longest = self.duration("\(path).longest", in: range) ?? max(timeouts.longest, timeouts.endOfMessage)
        if timeouts.longest < timeouts.endOfMessage {
            self.fault("\(path).longest", "must not be shorter than endOfMessage")
        }
        if timeouts.longest > .seconds(600) {
            // RFC 5321 §4.5.3.2.6
            self.warn("\(path).longest", "clients wait ten minutes for the answer to a message, and then send it again")
        }
        return timeouts
    }

    /// `unix:/path` or `inet:host:port`.
    private mutating func milterSocket(_ path: String) -> Configuration.Milter.Socket? {
        guard let text = self.required(path, "such as unix:/run/rspamd/milter.sock or inet:127.0.0.1:11332") else {
            return nil
        }
        let form = "must be unix:/path/of/socket or inet:host:port"
        guard let colon = text.firstIndex(of: ":") else {
            self.fault(path, "\(form), not '\(text)'", suggestion: text.hasPrefix("/") ? "unix:\(text)" : nil)
            return nil
        }
        let rest = String(text[text.index(after: colon)...])
        switch text[..<colon] {
        case "unix": return self.milterPath(path, rest)
        case "local":
            self.fault(path, "\(form), not '\(text)'", suggestion: "unix:\(rest)")
            return nil
        case "inet": return self.milterEndpoint(path, text, rest)
        case "inet6":
            self.fault(path, "\(form), not '\(text)': an IPv6 address goes into brackets, as in inet:[::1]:11332")
            return nil
        default:
            let isEndpoint = IPEndpoint(text) != nil
            self.fault(path, "\(form), not '\(text)'", suggestion: isEndpoint ? "inet:\(text)" : nil)
            return nil
        }
    }

    private mutating func milterPath(_ path: String, _ text: String) -> Configuration.Milter.Socket? {
        guard !text.isEmpty else {
            self.fault(path, "names no file behind unix:")
            return nil
        }
        let file = LocalFile.absolute(text, relativeTo: self.directory)
        guard file.utf8.count <= LocalSocket.maximumPathOctets else {
            self.fault(
                path,
                "is longer than the \(LocalSocket.maximumPathOctets) octets that the path of a socket may have"
            )
            return nil
        }
        return .unix(path: file)
    }

    private mutating func milterEndpoint(
        _ path: String,
        _ text: String,
        _ rest: String
    ) -> Configuration.Milter.Socket? {
        if let endpoint = IPEndpoint(rest), endpoint.port > 0 {
            return .tcp(host: endpoint.address.description, port: endpoint.port)
        }
        // Sendmail's own form.
        if let at = rest.firstIndex(of: "@"), Int(rest[..<at]) != nil {
            let host = rest[rest.index(after: at)...]
            self.fault(
                path,
                "must be inet:host:port, not '\(text)'",
                suggestion: "inet:\(host):\(rest[..<at])"
            )
            return nil
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let port = Int(parts[1]), (1...65535).contains(port) else {
            self.fault(path, "must be inet:host:port, not '\(text)'")
            return nil
        }
        return self.domainName(path, String(parts[0])).map { .tcp(host: $0, port: port) }
    }
}
