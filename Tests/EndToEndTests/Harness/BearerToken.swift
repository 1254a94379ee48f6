internal import Crypto
import Foundation

/// A token of an issuer that shares a key with the server (RFC 7519, HS256).
enum BearerToken {
    static let issuer = "issuer.gatepost.test"
    static let key = "between issuer and server: 32 octets or more"

    /// - Parameter life: until it expires, in seconds; negative for one that has expired.
    static func mint(for address: String, life: Int) throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        let parts = [
            #"{"alg":"HS256","typ":"JWT"}"#,
            #"{"iss":"\#(issuer)","aud":"smtp","email":"\#(address)","iat":\#(now - 7200),"exp":\#(now + life)}"#,
        ].map { encode(Data($0.utf8)) }
        let signed = parts.joined(separator: ".")
        let tag = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: Data(key.utf8)))
        return signed + "." + encode(Data(tag))
    }

    /// base64url without padding (RFC 7515 §2).
    private static func encode(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
