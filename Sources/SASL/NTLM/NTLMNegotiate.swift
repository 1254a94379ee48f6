/// The client's first message (`NEGOTIATE_MESSAGE`, MS-NLMP §2.2.1.1).
struct NTLMNegotiate: Hashable, Sendable {
    /// Room for a domain and a workstation name, which nobody needs.
    static let maximumOctets = 2_048

    var flags: NTLMFlags
    /// As received or as sent: the MIC is over it.
    let octets: [UInt8]

    init(flags: NTLMFlags) {
        self.flags = flags
        var writer = NTLMWriter(type: 1, headerOctets: 32)
        writer.append(flags.rawValue)
        writer.appendField([])
        writer.appendField([])
        self.octets = writer.message
    }

    /// Domain and workstation are not looked at, so that their offsets may be anything.
    init?(parsing octets: [UInt8]) {
        guard
            let reader = NTLMReader(octets, type: 1, minimumOctets: 16, maximumOctets: Self.maximumOctets),
            let flags = reader.uint32(at: 12)
        else { return nil }
        self.flags = NTLMFlags(rawValue: flags)
        self.octets = octets
    }
}
