internal import GatepostModel
internal import SASL

extension ConfigurationReader {
    /// The sockets for other servers.
    ///
    /// - Parameter mechanisms: Those that are configured: at least one must work across another server.
    mutating func authenticationSockets(mechanisms: [MechanismName]) -> Configuration.AuthenticationSockets {
        var sockets = Configuration.AuthenticationSockets()
        sockets.dovecot = self.socket("authentication.dovecotSocket")
        sockets.saslauthd = self.socket("authentication.saslauthdSocket")
        if sockets.dovecot != nil, sockets.dovecot == sockets.saslauthd {
            self.fault("authentication.saslauthdSocket", "must be another path than authentication.dovecotSocket")
        }
        if sockets.dovecot != nil, AuthenticationSocketContext.offered(mechanisms).isEmpty {
            self.fault(
                "authentication.dovecotSocket",
                "needs a mechanism without -PLUS and other than EXTERNAL in authentication.mechanisms"
            )
        }
        if let text = self.text("authentication.socketMode") {
            if let mode = UInt32(text, radix: 8), mode <= 0o777, text.utf8.count >= 3 {
                sockets.mode = mode
            } else {
                self.fault("authentication.socketMode", "must be permissions such as 0660, not '\(text)'")
            }
            if sockets.mode & 0o002 != 0 {
                self.warn("authentication.socketMode", "lets every user of this host try passwords")
            }
        }
        let mode = String(sockets.mode, radix: 8)
        self.show("authentication.dovecotSocket", sockets.dovecot ?? "none")
        self.show("authentication.saslauthdSocket", sockets.saslauthd ?? "none")
        self.show("authentication.socketMode", String(repeating: "0", count: max(0, 4 - mode.utf8.count)) + mode)
        return sockets
    }

    private mutating func socket(_ key: String) -> String? {
        guard let text = self.text(key) else { return nil }
        guard !text.isEmpty, !text.hasSuffix("/") else {
            self.fault(key, "must be the path of a socket, not '\(text)'")
            return nil
        }
        let path = LocalFile.absolute(text, relativeTo: self.directory)
        let length = path.utf8.count
        guard length <= LocalSocket.maximumPathOctets else {
            self.fault(
                key,
                "\(path) has \(length) octets: no program can connect to a socket whose path has more than "
                    + "\(LocalSocket.maximumPathOctets)"
            )
            return nil
        }
        if !LocalSocket.mayTake(path) { self.fault(key, "\(path) is there already and is no socket") }
        return path
    }
}
