internal import Foundation
internal import MailSyntax

/// A URL that keys, or the truth about a token, may be had from: `https`, or `http` to this host itself.
///
/// Anyone on the way could put keys of his own into an answer that comes in the clear.
package struct OAuthEndpoint: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// - Returns: `nil` for anything but an absolute URL of at most 2,048 octets with a host, without user information or fragment.
    package init?(_ text: String) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let url = URL(string: text), let host = url.host, !host.isEmpty,
            url.user == nil, url.password == nil, url.fragment == nil
        else { return nil }
        switch url.scheme?.lowercased() {
        case "https": break
        case "http" where Self.isThisHost(host): break
        default: return nil
        }
        self.description = text
    }

    /// The discovery document of an issuer (OpenID Connect Discovery 1.0 §4); `nil` where the issuer is not such a URL.
    package static func discovery(issuer: String) -> OAuthEndpoint? {
        guard !issuer.utf8.contains(UInt8(ascii: "?")) else { return nil }
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        return OAuthEndpoint(base + "/.well-known/openid-configuration")
    }

    private static func isThisHost(_ host: String) -> Bool {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return bare.lowercased() == "localhost" || IPAddress(bare)?.isLoopback == true
    }
}
