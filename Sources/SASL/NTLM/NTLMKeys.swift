internal import Crypto

/// What both sides of NTLM compute from the password (MS-NLMP §3.3).
enum NTLMKeys {
    /// `NTOWFv1`: the hash of the password, 16 octets (MS-NLMP §3.3.1).
    static func ntHash(password: String) -> [UInt8] {
        MD4.hash(UTF16LE.encode(password))
    }

    /// `NTOWFv2`, 16 octets (MS-NLMP §3.3.2).
    ///
    /// - Parameter domain: In UTF-16LE, as the client sent it; its case counts, the user name's does not.
    static func v2Hash(ntHash: [UInt8], userName: String, domain: some Collection<UInt8>) -> [UInt8] {
        self.hmac(key: ntHash, UTF16LE.encode(UTF16LE.uppercased(userName)) + domain)
    }

    /// `NTProofStr`, the first 16 octets of an NTLMv2 response. The rest of it is `blob`.
    static func v2Proof(v2Hash: [UInt8], serverChallenge: [UInt8], blob: some Collection<UInt8>) -> [UInt8] {
        self.hmac(key: v2Hash, serverChallenge + blob)
    }

    /// The LMv2 response, 24 octets.
    static func lmV2Response(v2Hash: [UInt8], serverChallenge: [UInt8], clientChallenge: [UInt8]) -> [UInt8] {
        self.hmac(key: v2Hash, serverChallenge + clientChallenge) + clientChallenge
    }

    /// `SessionBaseKey` of NTLMv2, 16 octets.
    static func v2SessionKey(v2Hash: [UInt8], proof: some Collection<UInt8>) -> [UInt8] {
        self.hmac(key: v2Hash, proof)
    }

    /// `DESL`: the challenge under the hash cut into three keys, 24 octets (MS-NLMP §3.3.1, §6).
    static func v1Response(hash: [UInt8], challenge: [UInt8]) -> [UInt8] {
        [hash.prefix(7), hash.dropFirst(7).prefix(7), hash.dropFirst(14)].flatMap { DES(key: $0).encrypt(challenge) }
    }

    /// What the NTLM2 session response is computed over instead of the server's challenge, 8 octets (MS-NLMP §3.3.1).
    static func sessionChallenge(serverChallenge: [UInt8], clientChallenge: some Collection<UInt8>) -> [UInt8] {
        Array(Insecure.MD5.hash(data: serverChallenge + clientChallenge).prefix(8))
    }

    /// The MIC over all three messages, 16 octets (MS-NLMP §3.1.5.1.2).
    ///
    /// - Parameter authenticate: With zeros in the place of the MIC.
    static func integrityCode(
        sessionKey: [UInt8],
        negotiate: [UInt8],
        challenge: [UInt8],
        authenticate: [UInt8]
    ) -> [UInt8] {
        self.hmac(key: sessionKey, negotiate + challenge + authenticate)
    }

    private static func hmac(key: [UInt8], _ message: some Collection<UInt8>) -> [UInt8] {
        Array(HMAC<Insecure.MD5>.authenticationCode(for: Array(message), using: SymmetricKey(data: key)))
    }
}
