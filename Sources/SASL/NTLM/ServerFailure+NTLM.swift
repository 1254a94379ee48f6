extension ServerFailure.Reason {
    /// NTLM: the client answered with NTLMv1 or NTLM2 session, which the server was not told to accept.
    public static let ntlmV1NotAllowed = Self("NTLMv1 response not allowed")
    /// NTLM: the MIC is wrong or missing, so that a message was changed on its way (MS-NLMP §3.2.5.1.2).
    public static let messagesAltered = Self("message integrity code mismatch")
}
