/// The first message of a server (RFC 5802 §7): `r=nonce,s=salt,i=iterations`.
struct SCRAMServerFirst: Sendable {
    var nonce: [UInt8]
    var salt: [UInt8]
    var iterations: Int

    init(nonce: [UInt8], salt: [UInt8], iterations: Int) {
        self.nonce = nonce
        self.salt = salt
        self.iterations = iterations
    }

    /// The message as sent.
    var octets: [UInt8] {
        Array("r=".utf8) + self.nonce + Array(",s=".utf8) + SCRAMBase64.encode(self.salt)
            + Array(",i=\(self.iterations)".utf8)
    }

    init(
        parsing message: [UInt8],
        clientNonce: [UInt8],
        limits: SCRAMIterationLimits
    ) throws(ClientFailure) {
        try SCRAMServerError.check(message)
        guard message.count <= SCRAMGrammar.maximumMessageOctets else { throw ClientFailure(.malformedChallenge) }
        let attributes = SCRAMGrammar.attributes(message)
        guard attributes.count >= 3,
            let nonce = SCRAMGrammar.value(of: attributes[0], named: "r"), SCRAMGrammar.isNonce(nonce),
            let encodedSalt = SCRAMGrammar.value(of: attributes[1], named: "s"),
            let salt = SCRAMBase64.decode(encodedSalt), !salt.isEmpty,
            let count = SCRAMGrammar.value(of: attributes[2], named: "i"),
            let first = count.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
            count.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            SCRAMGrammar.areOptionalExtensions(attributes[3...])
        else { throw ClientFailure(.malformedChallenge) }
        guard nonce.count > clientNonce.count, nonce.starts(with: clientNonce) else {
            throw ClientFailure(.nonceMismatch)
        }
        // A number too large for an Int is above any cap.
        guard let iterations = Int(String(decoding: count, as: UTF8.self)),
            iterations >= limits.minimum, iterations <= limits.maximum
        else { throw ClientFailure(.iterationCountRefused) }
        self.init(nonce: Array(nonce), salt: salt, iterations: iterations)
    }
}

/// The last message of a server (RFC 5802 §7): `v=signature`.
enum SCRAMServerFinal {
    /// The message for a signature.
    static func octets(signature: [UInt8]) -> [UInt8] {
        Array("v=".utf8) + SCRAMBase64.encode(signature)
    }

    /// The signature in the message.
    static func signature(parsing message: [UInt8]) throws(ClientFailure) -> [UInt8] {
        try SCRAMServerError.check(message)
        guard message.count <= SCRAMGrammar.maximumMessageOctets else { throw ClientFailure(.malformedChallenge) }
        let attributes = SCRAMGrammar.attributes(message)
        guard let encoded = SCRAMGrammar.value(of: attributes.first, named: "v"),
            let signature = SCRAMBase64.decode(encoded),
            SCRAMGrammar.areOptionalExtensions(attributes[1...])
        else { throw ClientFailure(.malformedChallenge) }
        return signature
    }
}

/// `e=` in place of what a server would otherwise say (RFC 5802 §7).
enum SCRAMServerError {
    static func check(_ message: [UInt8]) throws(ClientFailure) {
        guard message.starts(with: "e=".utf8) else { return }
        // The server's word may end on a terminal or in a log.
        let word = message.dropFirst(2).prefix { $0 != UInt8(ascii: ",") }.prefix(64)
            .map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        throw ClientFailure(.serverError, serverError: String(decoding: word, as: UTF8.self))
    }
}
