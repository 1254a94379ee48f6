internal import MailSyntax

/// A password hash in PHC string form: `$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA`.
///
/// Salt and hash are base64 without padding. Parameters keep their order.
package struct PHCString: Hashable, Sendable, CustomStringConvertible {
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `argon2id`, `scrypt` …: lower-case letters, digits and hyphens, up to 32.
    package var function: String
    package var version: Int?
    package var parameters: [Parameter]
    package var salt: [UInt8]
    package var hash: [UInt8]

    package init(function: String, version: Int?, parameters: [Parameter], salt: [UInt8], hash: [UInt8]) {
        self.function = function
        self.version = version
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// nil unless the text is a complete PHC string with salt and hash, of 1,024 octets or fewer.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 1024 else { return nil }
        var parts = text.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)[...]
        guard parts.popFirst()?.isEmpty == true, let function = parts.popFirst(), Self.isFunctionName(function)
        else { return nil }
        self.function = String(decoding: function, as: UTF8.self)
        self.version = nil
        self.parameters = []
        if let first = parts.first, first.starts(with: "v=".utf8) {
            guard let version = Int(String(decoding: first.dropFirst(2), as: UTF8.self)), version >= 0
            else { return nil }
            self.version = version
            parts.removeFirst()
        }
        if parts.count == 3, let list = parts.popFirst() {
            for item in list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                let pair = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty else { return nil }
                self.parameters.append(
                    Parameter(
                        name: String(decoding: pair[0], as: UTF8.self),
                        value: String(decoding: pair[1], as: UTF8.self)
                    )
                )
            }
        }
        guard parts.count == 2, let saltText = parts.first, let hashText = parts.last,
            let salt = Self.decode(saltText), let hash = Self.decode(hashText), !hash.isEmpty
        else { return nil }
        self.salt = salt
        self.hash = hash
    }

    /// The value of a parameter as a number; nil when absent or not one.
    package func number(_ name: String) -> Int? {
        guard let parameter = self.parameters.first(where: { $0.name == name }) else { return nil }
        return Int(parameter.value)
    }

    package var description: String {
        var text = "$\(self.function)"
        if let version = self.version { text += "$v=\(version)" }
        if !self.parameters.isEmpty {
            text += "$" + self.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        }
        return text + "$\(Self.encode(self.salt))$\(Self.encode(self.hash))"
    }

    private static func isFunctionName(_ octets: some Collection<UInt8>) -> Bool {
        (1...32).contains(octets.count)
            && octets.allSatisfy {
                (0x61...0x7a).contains($0) || ASCII.isDigit($0) || $0 == ASCII.hyphen
            }
    }

    private static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let text = Array(text)
        guard text.last != ASCII.equals else { return nil }
        return Base64.decode(text + Array(repeating: ASCII.equals, count: (4 - text.count % 4) % 4))
    }

    private static func encode(_ octets: [UInt8]) -> String {
        String(decoding: Base64.encode(octets).prefix { $0 != ASCII.equals }, as: UTF8.self)
    }
}
