/// The server's message (`CHALLENGE_MESSAGE`, MS-NLMP §2.2.1.2).
struct NTLMChallenge: Hashable, Sendable {
    static let maximumOctets = 4_096

    var flags: NTLMFlags
    /// The server's name in the agreed character set, as received.
    var targetName: [UInt8]
    /// Eight octets.
    var serverChallenge: [UInt8]
    /// `nil` from a server that sends none.
    var targetInformation: NTLMTargetInformation?
    /// As received or as sent: the MIC is over it.
    let octets: [UInt8]

    init(
        flags: NTLMFlags,
        targetName: [UInt8],
        serverChallenge: [UInt8],
        targetInformation: NTLMTargetInformation
    ) {
        self.flags = flags
        self.targetName = targetName
        self.serverChallenge = serverChallenge
        self.targetInformation = targetInformation
        var writer = NTLMWriter(type: 2, headerOctets: 56)
        writer.appendField(targetName)
        writer.append(flags.rawValue)
        writer.append(serverChallenge)
        writer.append(Array(repeating: 0, count: 8))
        writer.appendField(targetInformation.encode())
        self.octets = writer.message
    }

    init?(parsing octets: [UInt8]) {
        guard
            let reader = NTLMReader(octets, type: 2, minimumOctets: 32, maximumOctets: Self.maximumOctets),
            let flags = reader.uint32(at: 20).map(NTLMFlags.init(rawValue:)),
            let serverChallenge = reader.slice(at: 24, count: 8),
            // The oldest servers stop here, and so begin their payload.
            let targetName = reader.payload(at: 12, headerOctets: 32)
        else { return nil }
        self.targetInformation = nil
        if flags.contains(.targetInformation) {
            guard let value = reader.payload(at: 40, headerOctets: 48) else { return nil }
            guard let targetInformation = NTLMTargetInformation(parsing: value) else { return nil }
            self.targetInformation = targetInformation
        }
        self.flags = flags
        self.targetName = Array(targetName)
        self.serverChallenge = Array(serverChallenge)
        self.octets = octets
    }
}
