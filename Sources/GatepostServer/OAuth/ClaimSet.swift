internal import Foundation

/// The claims of a token, or what an issuer says about one (RFC 7519 §4; RFC 7662 §2.2).
struct ClaimSet: Sendable, Decodable {
    private let values: [String: ClaimValue]

    /// - Returns: `nil` for anything but a JSON object.
    init?(json octets: [UInt8]) {
        do {
            self = try JSONDecoder().decode(ClaimSet.self, from: Data(octets))
        } catch {
            return nil
        }
    }

    init(from decoder: any Decoder) throws {
        self.values = try decoder.singleValueContainer().decode([String: ClaimValue].self)
    }

    func contains(_ name: String) -> Bool { self.values[name] != nil }

    func text(_ name: String) -> String? {
        if case .text(let text)? = self.values[name] { return text }
        return nil
    }

    /// A NumericDate: seconds since 1970, perhaps with a fraction (RFC 7519 §2).
    func number(_ name: String) -> Double? {
        if case .number(let number)? = self.values[name] { return number }
        return nil
    }

    /// `true` or `false`, which some issuers write as strings.
    func flag(_ name: String) -> Bool? {
        switch self.values[name] {
        case .flag(let flag)?: flag
        case .text("true")?: true
        case .text("false")?: false
        default: nil
        }
    }

    /// One string or a list of them, as `aud` may be.
    func texts(_ name: String) -> [String] {
        switch self.values[name] {
        case .text(let text)?: [text]
        case .texts(let texts)?: texts
        default: []
        }
    }
}

/// The kinds of JSON that claims are looked at as. Objects and deeper lists are not looked into, however deep they are.
private enum ClaimValue: Sendable, Decodable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case texts([String])
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // A value of another type is no error here but the next question.
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let texts = try? container.decode([String].self) {
            self = .texts(texts)
        } else {
            self = .other
        }
    }
}
