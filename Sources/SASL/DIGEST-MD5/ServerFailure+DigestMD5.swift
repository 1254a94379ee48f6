extension ServerFailure.Reason {
    /// DIGEST-MD5: the response is for another nonce than was sent; most likely a replay (RFC 2831 §3.2).
    public static let nonceMismatch = Self("response to another nonce")
    /// DIGEST-MD5: the response is for a realm that was not offered (RFC 2831 §2.1.2).
    public static let realmMismatch = Self("response for another realm")
    /// DIGEST-MD5: the response is for another service than this one (RFC 2831 §2.1.2, `digest-uri`).
    public static let serviceMismatch = Self("response for another service")
}
