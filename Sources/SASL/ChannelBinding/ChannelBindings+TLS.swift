internal import Crypto

extension ChannelBindings {
    /// The data of `tls-exporter` (RFC 9266 §2) from a TLS 1.3 connection's exporter secret, as TLS libraries log it in an
    /// `EXPORTER_SECRET` line: `TLS-Exporter("EXPORTER-Channel-Binding", "", 32)` (RFC 8446 §7.5).
    ///
    /// - Parameter exporterSecret: 32 octets where the cipher suite hashes with SHA-256, 48 with SHA-384.
    /// - Returns: 32 octets; nil for a secret of any other length.
    public static func tlsExporter(exporterSecret: [UInt8]) -> [UInt8]? {
        switch exporterSecret.count {
        case SHA256.byteCount: self.exported(exporterSecret, SHA256.self)
        case SHA384.byteCount: self.exported(exporterSecret, SHA384.self)
        default: nil
        }
    }

    private static func exported<Hash: HashFunction>(_ secret: [UInt8], _: Hash.Type) -> [UInt8] {
        let empty = Array(Hash.hash(data: [UInt8]()))
        let length = Hash.Digest.byteCount
        let derived = self.expandLabel(
            SymmetricKey(data: secret),
            "EXPORTER-Channel-Binding",
            empty,
            length,
            Hash.self
        )
        return self.expandLabel(SymmetricKey(data: derived), "exporter", empty, 32, Hash.self)
    }

    /// HKDF-Expand-Label (RFC 8446 §7.1).
    private static func expandLabel<Hash: HashFunction>(
        _ key: SymmetricKey,
        _ label: String,
        _ context: [UInt8],
        _ count: Int,
        _: Hash.Type
    ) -> [UInt8] {
        let name = Array("tls13 \(label)".utf8)
        var info: [UInt8] = [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        info.append(UInt8(truncatingIfNeeded: name.count))
        info += name
        info.append(UInt8(truncatingIfNeeded: context.count))
        info += context
        return HKDF<Hash>.expand(pseudoRandomKey: key, info: info, outputByteCount: count).withUnsafeBytes { Array($0) }
    }

    /// The data of `tls-server-end-point` (RFC 5929 §4.1): the hash of the server's certificate, by the hash function of its
    /// signature, with SHA-256 in place of MD5 and SHA-1.
    ///
    /// - Parameter certificate: DER.
    /// - Returns: nil where the certificate cannot be read, or its signature names no one hash function (Ed25519).
    public static func tlsServerEndPoint(certificate: [UInt8]) -> [UInt8]? {
        guard let identifier = DERReader.signatureAlgorithm(ofCertificate: certificate) else { return nil }
        switch SignatureHash(identifier) {
        case .sha256: return Array(SHA256.hash(data: certificate))
        case .sha384: return Array(SHA384.hash(data: certificate))
        case .sha512: return Array(SHA512.hash(data: certificate))
        case nil: return nil
        }
    }
}

/// The hash that `tls-server-end-point` takes for a signature algorithm.
private enum SignatureHash {
    case sha256
    case sha384
    case sha512

    /// From the DER of an AlgorithmIdentifier's content.
    init?(_ algorithm: ArraySlice<UInt8>) {
        // 1.2.840.113549.1.1.x: RSA; 1.2.840.10045.4.3.x: ECDSA (RFC 5758); 1.2.840.10045.4.1: ECDSA with SHA-1.
        let rsa: [UInt8] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01]
        let ecdsa: [UInt8] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03]
        let ecdsaSHA1: [UInt8] = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        if algorithm.starts(with: rsa), let last = algorithm.dropFirst(rsa.count).first {
            switch last {
            case 4, 5, 11: self = .sha256
            case 12: self = .sha384
            case 13: self = .sha512
            default: return nil
            }
        } else if algorithm.starts(with: ecdsa), let last = algorithm.dropFirst(ecdsa.count).first {
            switch last {
            case 2: self = .sha256
            case 3: self = .sha384
            case 4: self = .sha512
            default: return nil
            }
        } else if algorithm.starts(with: ecdsaSHA1) {
            self = .sha256
        } else {
            return nil
        }
    }
}

/// Just enough DER (X.690 §8, §10) to find a certificate's signature algorithm; bounds are checked before use.
private enum DERReader {
    /// The content of `signatureAlgorithm`, the second element of a Certificate (RFC 5280 §4.1).
    static func signatureAlgorithm(ofCertificate der: [UInt8]) -> ArraySlice<UInt8>? {
        var rest = der[...]
        guard var certificate = self.sequence(&rest), self.sequence(&certificate) != nil else { return nil }
        return self.sequence(&certificate)
    }

    private static func sequence(_ input: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard input.popFirst() == 0x30, let first = input.popFirst() else { return nil }
        var length = Int(first)
        if first & 0x80 != 0 {
            let octets = Int(first & 0x7f)
            guard (1...4).contains(octets) else { return nil }
            length = 0
            for _ in 0..<octets {
                guard let octet = input.popFirst() else { return nil }
                length = length << 8 | Int(octet)
            }
        }
        guard length <= input.count else { return nil }
        defer { input = input.dropFirst(length) }
        return input.prefix(length)
    }
}
