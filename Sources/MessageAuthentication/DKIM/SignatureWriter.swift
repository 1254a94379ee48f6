internal import Crypto
internal import MailSyntax

/// Writes a signature field, folded so that lines stay short, and signs it.
struct SignatureWriter {
    private var octets: [UInt8]
    private var lineLength: Int
    private static let maximumLine = 76

    /// Begins a field.
    init(name: String) {
        self.octets = Array("\(name):".utf8)
        self.lineLength = self.octets.count
    }

    /// Adds `name=value;`.
    mutating func add(_ name: String, _ value: some StringProtocol) {
        self.place(Array(" \(name)=\(value);".utf8), isSpaced: true)
    }

    /// Adds `name=a:b:c;`, broken after colons.
    mutating func add(_ name: String, list: [String]) {
        self.place(Array(" \(name)=".utf8), isSpaced: true)
        for (index, element) in list.enumerated() {
            self.place(Array("\(element)\(index == list.count - 1 ? ";" : ":")".utf8), isSpaced: false)
        }
    }

    private mutating func place(_ piece: [UInt8], isSpaced: Bool) {
        if self.lineLength + piece.count > Self.maximumLine {
            self.octets += [ASCII.cr, ASCII.lf]
            if !isSpaced { self.octets.append(ASCII.space) }
            self.lineLength = isSpaced ? 0 : 1
        }
        self.octets += piece
        self.lineLength += piece.count
    }

    /// Ends the field with `b=`, signed.
    ///
    /// - Parameter hash: Of all that is signed before this field.
    func signed(
        after hash: SHA256,
        _ key: DKIM.SigningKey,
        _ form: DKIM.Canonicalization.Form
    ) throws(MessageSigner.Fault) -> HeaderField {
        // The value of b= is the last thing in the field, so that the field without it is what stands before.
        let unsigned = self.octets + Array("\r\n b=".utf8)
        guard let field = HeaderField(octets: unsigned + [ASCII.cr, ASCII.lf]) else { throw .invalidName }
        var hash = hash
        hash.update(unsigned: field, form)
        let signature: [UInt8]
        do {
            signature = try key.sign(hash.finalize())
        } catch {
            throw .keyFailed
        }
        var octets = unsigned
        let text = Base64.encode(signature)
        for start in stride(from: 0, to: text.count, by: 72) {
            if start > 0 { octets += [ASCII.cr, ASCII.lf, ASCII.space] }
            octets += text[start..<min(start + 72, text.count)]
        }
        octets += [ASCII.cr, ASCII.lf]
        guard let signed = HeaderField(octets: octets) else { throw .invalidName }
        return signed
    }
}
