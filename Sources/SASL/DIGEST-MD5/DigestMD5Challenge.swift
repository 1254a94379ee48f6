/// The server's first message of DIGEST-MD5 (RFC 2831 §2.1.1).
struct DigestMD5Challenge: Hashable, Sendable {
    /// RFC 2831 §2.1.1: fewer than 2,048 octets.
    static let maximumOctets = 2_047

    /// The realms that the client may choose from, in the server's order.
    var realms: [[UInt8]]
    var nonce: [UInt8]
    /// Whether the server understands UTF-8; ISO 8859-1 only, if not.
    var isUTF8: Bool

    init(realms: [[UInt8]], nonce: [UInt8], isUTF8: Bool = true) {
        self.realms = realms
        self.nonce = nonce
        self.isUTF8 = isUTF8
    }

    /// - Returns: `nil` for a message that breaks the grammar, or asks for what this library does not do: integrity or
    ///   confidentiality layers only, another algorithm, another character set.
    init?(parsing octets: [UInt8]) {
        guard octets.count <= Self.maximumOctets,
            let directives = DigestDirectives(parsing: octets, repeatable: "realm"),
            let nonce = directives["nonce"], !nonce.isEmpty,
            let algorithm = directives["algorithm"],
            DigestDirectives.lowercased(algorithm).elementsEqual("md5-sess".utf8)
        else { return nil }
        if let qualities = directives["qop"] {
            let offered = qualities.split(separator: UInt8(ascii: ","))
                .map { DigestDirectives.lowercased($0.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) }
            guard offered.contains(Array("auth".utf8)) else { return nil }
        }
        if let charset = directives["charset"] {
            guard DigestDirectives.lowercased(charset).elementsEqual("utf-8".utf8) else { return nil }
        }
        self.init(
            realms: directives.values(of: "realm"),
            nonce: nonce,
            isUTF8: directives["charset"] != nil
        )
    }

    /// The message. `algorithm` stands without quotes, as the grammar has it: some clients cancel when it is quoted.
    func encode() -> [UInt8] {
        var message: [UInt8] = []
        for realm in self.realms {
            message += Array("realm=".utf8) + DigestDirectives.quote(realm) + Array(",".utf8)
        }
        message += Array("nonce=".utf8) + DigestDirectives.quote(self.nonce)
        message += Array(",qop=\"auth\"".utf8)
        if self.isUTF8 {
            message += Array(",charset=utf-8".utf8)
        }
        message += Array(",algorithm=md5-sess".utf8)
        return message
    }
}
