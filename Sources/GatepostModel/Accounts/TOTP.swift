internal import Crypto
internal import MailSyntax
package import SASL

/// One-time passwords from a counter (RFC 4226) and from the time (RFC 6238).
package enum TOTP {
    package enum Algorithm: String, Sendable, Hashable, Codable, CaseIterable {
        case sha1 = "SHA1"
        case sha256 = "SHA256"
        case sha512 = "SHA512"
    }

    /// What server and authenticator must agree on. Most authenticator programs know nothing but the values by default.
    package struct Parameters: Hashable, Sendable, Codable {
        package var algorithm: Algorithm
        /// 6 to 8 (RFC 4226 §5.3).
        package var digits: Int
        /// Seconds that a code belongs to.
        package var period: Int

        /// - Returns: nil for digits other than 6 to 8 or a period other than 5 to 300 seconds.
        package init?(algorithm: Algorithm, digits: Int, period: Int) {
            guard (6...8).contains(digits), (5...300).contains(period) else { return nil }
            self.algorithm = algorithm
            self.digits = digits
            self.period = period
        }

        private init() {
            self.algorithm = .sha1
            self.digits = 6
            self.period = 30
        }

        package static let standard = Parameters()
    }

    /// Octets of a new secret: as long as the hash's output (RFC 4226 §4 asks for 16, recommends 20).
    package static func secretOctets(_ algorithm: Algorithm) -> Int {
        switch algorithm {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }

    /// The code for one counter value (RFC 4226 §5.3), as many digits as asked for.
    package static func code(secret: Secret, counter: UInt64, parameters: Parameters) -> String {
        let message = (0..<8).map { UInt8(truncatingIfNeeded: counter >> UInt64(56 - 8 * $0)) }
        let mac = secret.withUnsafeBytes { secret -> [UInt8] in
            let key = SymmetricKey(data: secret)
            return switch parameters.algorithm {
            case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: key))
            case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
            case .sha512: Array(HMAC<SHA512>.authenticationCode(for: message, using: key))
            }
        }
        let offset = Int((mac.last ?? 0) & 0x0F)
        let truncated = mac.dropFirst(offset).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<parameters.digits).reduce(UInt32(1)) { value, _ in value * 10 }
        let text = String(truncated % modulus)
        return String(repeating: "0", count: max(0, parameters.digits - text.utf8.count)) + text
    }

    /// The time step of a moment (RFC 6238 §4.2); negative before 1970.
    package static func step(at now: Timestamp, period: Int) -> Int64 {
        let (quotient, remainder) = now.secondsSince1970.quotientAndRemainder(dividingBy: Int64(max(1, period)))
        return remainder < 0 ? quotient - 1 : quotient
    }

    package enum Verdict: Hashable, Sendable {
        /// Right for this step, which is to be remembered before anything is granted.
        case accepted(step: Int64)
        case wrong
        /// Right, but it or a later one was used before.
        case replayed
        /// Right for a time this far from ours: the authenticator's clock, or ours, is wrong.
        case clockSkew(steps: Int64)
    }

    /// Judges what somebody typed: spaces are ignored; the steps before and after the present one count too (RFC 6238 §5.2).
    ///
    /// - Parameters:
    ///   - lastStep: The last step that a code was accepted for.
    ///   - skew: How many more steps are looked at to tell a wrong clock from a wrong code; none of them is accepted.
    package static func verify(
        _ typed: some StringProtocol,
        secret: Secret,
        parameters: Parameters,
        lastStep: Int64?,
        now: Timestamp,
        window: Int64 = 1,
        skew: Int64 = 20
    ) -> Verdict {
        let digits = Array(typed.utf8.filter { $0 != ASCII.space })
        guard digits.count == parameters.digits, digits.allSatisfy(ASCII.isDigit) else { return .wrong }
        let current = TOTP.step(at: now, period: parameters.period)
        var found: Int64?
        // All of them whatever the ones before said, the near ones last, so that these win.
        for distance in stride(from: skew + window, through: 0, by: -1) {
            for step in [current - distance, current + distance] where step >= 0 {
                let code = TOTP.code(secret: secret, counter: UInt64(step), parameters: parameters)
                if ConstantTime.equals(Array(code.utf8), digits) { found = step }
            }
        }
        guard let found else { return .wrong }
        guard abs(found - current) <= window else { return .clockSkew(steps: found - current) }
        if let lastStep, found <= lastStep { return .replayed }
        return .accepted(step: found)
    }

    /// The `otpauth:` address that authenticator programs read, usually from a QR code.
    ///
    /// - Parameters:
    ///   - issuer: Who asks for the code, such as the host's name.
    ///   - account: The account's address.
    package static func address(secret: Secret, issuer: String, account: String, parameters: Parameters) -> String {
        let issuer = TOTP.escaped(issuer)
        var text = "otpauth://totp/\(issuer):\(TOTP.escaped(account))?secret=\(Base32.encode(secret.octets))"
        text += "&issuer=\(issuer)"
        text += "&algorithm=\(parameters.algorithm.rawValue)&digits=\(parameters.digits)&period=\(parameters.period)"
        return text
    }

    /// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3: a `+`, `&` or `:` of an address must not mean anything.
    private static func escaped(_ text: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            if ASCII.isLetterOrDigit(octet) || "-._~".utf8.contains(octet) {
                octets.append(octet)
            } else {
                octets += [ASCII.percent, hexadecimal[Int(octet >> 4)], hexadecimal[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
