/// What a server knows when an exchange begins. All of it comes from the caller: a mechanism has no clock and no randomness.
public struct ServerMechanismContext: Sendable {
    /// At least 18 octets from a cryptographic random source, used for this exchange only.
    public var nonce: [UInt8]
    /// This server's name: in the CRAM-MD5 challenge, the DIGEST-MD5 realm, the NTLM target.
    public var hostname: String
    /// Now: in challenges that hold the time.
    public var secondsSince1970: Int64
    /// What the TLS connection can be bound to (RFC 5056).
    public var channelBindings: ChannelBindings
    /// Whether a -PLUS mechanism was offered: then a client that says that none was has been lied to (RFC 5802 §6).
    public var offersChannelBinding: Bool
    /// Accept NTLMv1 and NTLM2 session responses, which are weak.
    public var allowsNTLMv1: Bool
    /// A fresh one, for this exchange only; GSSAPI needs it.
    public var securityContext: (any SecurityContextAcceptor)?

    public init(
        nonce: [UInt8],
        hostname: String,
        secondsSince1970: Int64,
        channelBindings: ChannelBindings = .none,
        offersChannelBinding: Bool = false,
        allowsNTLMv1: Bool = false,
        securityContext: (any SecurityContextAcceptor)? = nil
    ) {
        self.nonce = nonce
        self.hostname = hostname
        self.secondsSince1970 = secondsSince1970
        self.channelBindings = channelBindings
        self.offersChannelBinding = offersChannelBinding
        self.allowsNTLMv1 = allowsNTLMv1
        self.securityContext = securityContext
    }
}
