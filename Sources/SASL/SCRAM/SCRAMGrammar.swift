/// The parts of the SCRAM grammar that more than one message uses (RFC 5802 §7).
enum SCRAMGrammar {
    /// No message is longer. A user name and an authorization identity of 1,024 octets each fit with every octet escaped.
    static let maximumMessageOctets = 8_192
    /// The longest nonce that is taken from a peer.
    static let maximumNonceOctets = 512

    /// Splits at commas, which stand nowhere inside a value. Empty parts are kept.
    static func attributes(_ message: some Collection<UInt8>) -> [ArraySlice<UInt8>] {
        Array(message).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    /// What stands after `name=`; `nil` where the attribute has another name.
    static func value(of attribute: ArraySlice<UInt8>?, named name: Character) -> ArraySlice<UInt8>? {
        guard let attribute, attribute.count >= 2, attribute.first == name.asciiValue,
            attribute[attribute.startIndex + 1] == UInt8(ascii: "=")
        else { return nil }
        return attribute.dropFirst(2)
    }

    /// Whether the attributes are extensions that may be overlooked: `ALPHA "=" 1*value-char`, and not `m`, which is
    /// reserved for extensions that must not be.
    static func areOptionalExtensions(_ attributes: some Collection<ArraySlice<UInt8>>) -> Bool {
        attributes.allSatisfy { attribute in
            guard attribute.count >= 3, let name = attribute.first, name != UInt8(ascii: "m"),
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(name & 0xDF),
                attribute[attribute.startIndex + 1] == UInt8(ascii: "=")
            else { return false }
            return !attribute.contains(0)
        }
    }

    /// `printable`: 1 to 512 octets of %x21-2B / %x2D-7E.
    static func isNonce(_ octets: some Collection<UInt8>) -> Bool {
        (1...Self.maximumNonceOctets).contains(octets.count)
            && octets.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }
    }

    /// `saslname`: `=2C` for a comma, `=3D` for an equals sign.
    static func escape(_ name: String) -> [UInt8] {
        name.utf8.flatMap { octet in
            switch octet {
            case UInt8(ascii: ","): Array("=2C".utf8)
            case UInt8(ascii: "="): Array("=3D".utf8)
            default: [octet]
            }
        }
    }

    /// Reads a `saslname`; `nil` where an equals sign starts anything but `=2C` or `=3D`.
    static func unescape(_ name: ArraySlice<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(name.count)
        var rest = name
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "=") else {
                octets.append(octet)
                continue
            }
            let code = rest.prefix(2)
            rest = rest.dropFirst(2)
            // ABNF strings are compared without case.
            switch String(decoding: code, as: UTF8.self) {
            case "2C", "2c": octets.append(UInt8(ascii: ","))
            case "3D", "3d": octets.append(UInt8(ascii: "="))
            default: return nil
            }
        }
        return octets
    }

    /// `AuthMessage` (RFC 5802 §3).
    static func authMessage(
        clientFirstBare: some Collection<UInt8>,
        serverFirst: [UInt8],
        clientFinalWithoutProof: some Collection<UInt8>
    ) -> [UInt8] {
        Array(clientFirstBare) + [UInt8(ascii: ",")] + serverFirst + [UInt8(ascii: ",")]
            + Array(clientFinalWithoutProof)
    }
}
