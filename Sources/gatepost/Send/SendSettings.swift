internal import ArgumentParser
internal import GatepostServer
internal import Glibc
internal import MailSyntax
internal import SASL
internal import SMTPClient

/// The server to send through: from the command line, the environment, and a file of `key = value` lines, in this order.
struct SendSettings {
    var server: String?
    var tls: String?
    var user: String?
    var passwordFile: String?
    var password: String?
    var mechanism: String?
    var from: String?
    var authorities: String?
    var certificate: String?
    var key: String?

    /// `~/.config/gatepost/send`, else `/etc/gatepost/send`.
    static func defaults() throws -> SendSettings {
        let variables = Environment.variables
        var settings = SendSettings()
        let home = variables["HOME"].map { "\($0)/.config/gatepost/send" }
        if let file = [home, "/etc/gatepost/send"].compactMap({ $0 }).first(where: { LocalFile.exists($0) }) {
            try settings.read(file)
        }
        settings.server = variables["GATEPOST_SERVER"] ?? settings.server
        settings.user = variables["GATEPOST_USER"] ?? settings.user
        settings.password = variables["GATEPOST_PASSWORD"] ?? settings.password
        return settings
    }

    private mutating func read(_ file: String) throws {
        let text = String(decoding: try LocalFile.read(file), as: UTF8.self)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = SendSettings.trim(line)
            guard !trimmed.isEmpty, !trimmed.hasPrefix("#") else { continue }
            let pair = trimmed.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else {
                throw Failure(.badConfiguration, "\(file):\(index + 1): not key = value")
            }
            let (key, value) = (SendSettings.trim(pair[0]), SendSettings.trim(pair[1]))
            switch key {
            case "server": self.server = value
            case "tls": self.tls = value
            case "user": self.user = value
            case "password": self.password = value
            case "passwordFile": self.passwordFile = value
            case "mechanism": self.mechanism = value
            case "from": self.from = value
            case "authorities": self.authorities = value
            case "certificate": self.certificate = value
            case "key": self.key = value
            default:
                let keys = [
                    "server", "tls", "user", "password", "passwordFile", "mechanism", "from", "authorities",
                    "certificate", "key",
                ]
                let near = NearestWord.to(key, among: keys).map { "; did you mean '\($0)'?" } ?? ""
                throw Failure(.badConfiguration, "\(file):\(index + 1): unknown key \(key)\(near)")
            }
        }
    }

    private static func trim(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        return String(text)
    }

    /// Host and port out of `host`, `host:port`, `[v6]:port`, or a path.
    func endpoint() throws -> Endpoint {
        let text = self.server ?? "localhost"
        if text.hasPrefix("/") { return .unix(path: text) }
        let usual = self.tls == "implicit" ? 465 : 587
        if IPAddress(text) != nil { return .tcp(host: text, port: usual) }
        var host = text[...]
        var port = usual
        if let colon = text.lastIndex(of: ":"), text.last != "]" {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                throw Failure(.usage, "'\(text)' is not a server: write host:port")
            }
            host = text[..<colon]
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw Failure(.usage, "'\(text)' is not a server: write host:port") }
        return .tcp(host: String(host), port: port)
    }
}
