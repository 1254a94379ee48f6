/// What the two sides can do or have agreed on (MS-NLMP §2.2.2.5), as far as this library looks at it.
struct NTLMFlags: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    /// Names are in UTF-16LE.
    static let unicode = Self(rawValue: 0x0000_0001)
    /// Names are in the client's code page.
    static let oem = Self(rawValue: 0x0000_0002)
    /// The client wants the server's name in the challenge.
    static let requestTarget = Self(rawValue: 0x0000_0004)
    static let ntlm = Self(rawValue: 0x0000_0200)
    static let alwaysSign = Self(rawValue: 0x0000_8000)
    /// The target name is a server's.
    static let targetTypeServer = Self(rawValue: 0x0002_0000)
    /// NTLM2 session security, where the response is no NTLMv2 one.
    static let extendedSessionSecurity = Self(rawValue: 0x0008_0000)
    /// The challenge holds target information.
    static let targetInformation = Self(rawValue: 0x0080_0000)
    static let key128 = Self(rawValue: 0x2000_0000)
    /// The client chose a session key and sent it wrapped.
    static let keyExchange = Self(rawValue: 0x4000_0000)
    static let key56 = Self(rawValue: 0x8000_0000)
}
