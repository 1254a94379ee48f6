/// The client's second message (`AUTHENTICATE_MESSAGE`, MS-NLMP §2.2.1.3).
struct NTLMAuthenticate: Hashable, Sendable {
    static let maximumOctets = 8_192
    /// Up to and with the flags. Version and MIC may follow, or the values begin here.
    static let headerOctets = 64
    /// Where the MIC stands in a message that has one.
    static let integrityCodeRange = 72..<88

    /// The response to the challenge, told by its length alone: clients' flags are not to be relied upon.
    enum Response: Hashable, Sendable {
        /// NTLMv2: the proof of 16 octets and what it is over besides the challenge, as received.
        case v2(proof: [UInt8], blob: [UInt8], NTLMTargetInformation)
        /// NTLMv1, or NTLM2 session: 24 octets.
        case v1([UInt8])
    }

    var flags: NTLMFlags
    /// Empty, 24 octets, or by the letter of older clients anything.
    var lmResponse: [UInt8]
    var response: Response
    var userName: String
    /// Empty where the client sent none.
    var domain: String
    /// The domain in UTF-16LE; the very octets that came, if it came so.
    var domainOctets: [UInt8]
    var encryptedSessionKey: [UInt8]
    let octets: [UInt8]

    /// - Parameter agreedOnUnicode: What the challenge said. Counts for clients that send no flags at all.
    /// - Returns: `nil` for a message that breaks the format: a value beyond the message, an odd number of UTF-16 octets, a
    ///   response that has no version's length, target information that does not parse.
    init?(parsing octets: [UInt8], agreedOnUnicode: Bool) {
        guard
            let reader = NTLMReader(
                octets,
                type: 3,
                minimumOctets: Self.headerOctets,
                maximumOctets: Self.maximumOctets
            ),
            let lmResponse = reader.payload(at: 12, headerOctets: Self.headerOctets),
            let ntResponse = reader.payload(at: 20, headerOctets: Self.headerOctets),
            let domain = reader.payload(at: 28, headerOctets: Self.headerOctets),
            let userName = reader.payload(at: 36, headerOctets: Self.headerOctets),
            reader.payload(at: 44, headerOctets: Self.headerOctets) != nil,
            let sessionKey = reader.payload(at: 52, headerOctets: Self.headerOctets),
            let flags = reader.uint32(at: 60).map(NTLMFlags.init(rawValue:)),
            let response = Self.response(ntResponse)
        else { return nil }
        let isUnicode = flags.contains(.unicode) || (flags.isEmpty && agreedOnUnicode)
        guard let userNameText = Self.text(userName, isUnicode: isUnicode),
            let domainText = Self.text(domain, isUnicode: isUnicode)
        else { return nil }
        self.flags = flags
        self.lmResponse = Array(lmResponse)
        self.response = response
        self.userName = userNameText
        self.domain = domainText
        self.domainOctets = isUnicode ? Array(domain) : UTF16LE.encode(domainText)
        self.encryptedSessionKey = Array(sessionKey)
        self.octets = octets
    }

    /// The MIC; `nil` in a message too short for one.
    var integrityCode: [UInt8]? {
        guard self.octets.count >= Self.integrityCodeRange.upperBound else { return nil }
        return Array(self.octets[Self.integrityCodeRange])
    }

    /// The message with zeros in the place of the MIC.
    var withoutIntegrityCode: [UInt8] {
        guard self.octets.count >= Self.integrityCodeRange.upperBound else { return self.octets }
        var octets = self.octets
        octets.replaceSubrange(Self.integrityCodeRange, with: repeatElement(0, count: Self.integrityCodeRange.count))
        return octets
    }

    private static func response(_ octets: ArraySlice<UInt8>) -> Response? {
        if octets.count == 24 { return .v1(Array(octets)) }
        // The proof, two version octets, time, client challenge and reserved octets (MS-NLMP §2.2.2.7, §2.2.2.8).
        guard octets.count >= 44 else { return nil }
        let blob = octets.dropFirst(16)
        guard blob.starts(with: [1, 1]),
            let targetInformation = NTLMTargetInformation(parsing: blob.dropFirst(28))
        else { return nil }
        return .v2(proof: Array(octets.prefix(16)), blob: Array(blob), targetInformation)
    }

    /// The client's code page is not known: it is UTF-8 if it looks so, and else taken for ISO 8859-1.
    private static func text(_ octets: ArraySlice<UInt8>, isUnicode: Bool) -> String? {
        if isUnicode { return UTF16LE.decode(octets) }
        return String(validating: octets, as: UTF8.self)
            ?? String(String.UnicodeScalarView(octets.map { Unicode.Scalar($0) }))
    }
}
