/// The first message of a client (RFC 5802 §7): `n,a=authzid,n=user,r=nonce`.
struct SCRAMClientFirst: Sendable {
    /// `n,,` and the like, with both commas.
    var gs2Header: [UInt8]
    /// What follows the header; signed by both sides.
    var bare: [UInt8]
    var authenticationIdentity: String
    var authorizationIdentity: String?
    var nonce: [UInt8]
    var flag: BindingFlag

    /// What the client says about channel binding (`gs2-cbind-flag`).
    enum BindingFlag: Hashable, Sendable {
        /// `n`: it does not bind.
        case unsupported
        /// `y`: it could, but believes that the server cannot.
        case notOffered
        /// `p=`: it binds to this.
        case binds(ChannelBindingType)
    }

    /// Reads the message and prepares the names.
    init(parsing message: [UInt8]) throws(ServerFailure) {
        guard message.count <= SCRAMGrammar.maximumMessageOctets else { throw ServerFailure(.malformed) }
        let attributes = SCRAMGrammar.attributes(message)
        guard attributes.count >= 4 else { throw ServerFailure(.malformed) }

        if !attributes[1].isEmpty {
            self.authorizationIdentity = try Self.name(SCRAMGrammar.value(of: attributes[1], named: "a"))
        }
        // `m=` may stand before `n=` only; it is refused there, as any other attribute is.
        self.authenticationIdentity = try Self.name(SCRAMGrammar.value(of: attributes[2], named: "n"))
        guard let nonce = SCRAMGrammar.value(of: attributes[3], named: "r"), SCRAMGrammar.isNonce(nonce),
            SCRAMGrammar.areOptionalExtensions(attributes[4...])
        else { throw ServerFailure(.malformed, authenticationIdentity: self.authenticationIdentity) }
        self.nonce = Array(nonce)

        if attributes[0] == [UInt8(ascii: "n")] {
            self.flag = .unsupported
        } else if attributes[0] == [UInt8(ascii: "y")] {
            self.flag = .notOffered
        } else if let name = SCRAMGrammar.value(of: attributes[0], named: "p"), let type = ChannelBindingType(name) {
            self.flag = .binds(type)
        } else {
            throw ServerFailure(.malformed, authenticationIdentity: self.authenticationIdentity)
        }
        let bareStart = attributes[2].startIndex
        self.gs2Header = Array(message[..<bareStart])
        self.bare = Array(message[bareStart...])
    }

    private static func name(_ escaped: ArraySlice<UInt8>?) throws(ServerFailure) -> String {
        guard let escaped, let octets = SCRAMGrammar.unescape(escaped) else { throw ServerFailure(.malformed) }
        do {
            return try Identity.prepare(octets)
        } catch {
            throw ServerFailure(.malformed)
        }
    }
}

/// The last message of a client (RFC 5802 §7): `c=biws,r=nonce,p=proof`.
struct SCRAMClientFinal: Sendable {
    /// Still in base64.
    var channelBinding: [UInt8]
    var nonce: [UInt8]
    var proof: [UInt8]
    /// What precedes `,p=`; signed by both sides.
    var withoutProof: [UInt8]

    /// `nil` where the message is malformed.
    init?(parsing message: [UInt8], hash: SCRAMHash) {
        guard message.count <= SCRAMGrammar.maximumMessageOctets else { return nil }
        let attributes = SCRAMGrammar.attributes(message)
        guard attributes.count >= 3,
            let channelBinding = SCRAMGrammar.value(of: attributes[0], named: "c"), !channelBinding.isEmpty,
            let nonce = SCRAMGrammar.value(of: attributes[1], named: "r"), !nonce.isEmpty,
            // The proof is last, whatever extensions come before it.
            let last = attributes.last,
            let encodedProof = SCRAMGrammar.value(of: last, named: "p"),
            let proof = SCRAMBase64.decode(encodedProof), proof.count == hash.outputOctets,
            SCRAMGrammar.areOptionalExtensions(attributes[2..<(attributes.count - 1)])
        else { return nil }
        self.channelBinding = Array(channelBinding)
        self.nonce = Array(nonce)
        self.proof = proof
        self.withoutProof = Array(message[..<(last.startIndex - 1)])
    }
}
