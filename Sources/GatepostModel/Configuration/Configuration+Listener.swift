package import MailSyntax

extension Configuration {
    /// An address that the server listens on.
    package struct Listener: Sendable, Hashable {
        package enum Service: String, Sendable, Hashable, CaseIterable {
            /// Message submission (RFC 6409): AUTH is required.
            case submission
            /// POP3 (RFC 1939), for devices that know POP-before-SMTP only.
            case pop3
            /// Submission by printers and scanners that know no TLS, from known addresses only.
            case device
            /// Other servers bring mail for local domains (RFC 5321); nobody logs in.
            case reception
        }

        package enum Security: String, Sendable, Hashable, CaseIterable {
            /// Clear text at first, TLS after STARTTLS (RFC 3207).
            case starttls
            /// TLS from the first octet (RFC 8314 §3).
            case implicit
            /// No TLS at all.
            case none
        }

        package var service: Service
        package var address: IPEndpoint
        package var tls: Security
        /// What connects from there must begin with a header of the PROXY protocol.
        package var proxies: [IPNetwork]
        /// What connects from there may name its client with XCLIENT.
        package var xclient: [IPNetwork]
        /// For the service `device`.
        package var device: Device?

        package init(
            service: Service = .submission,
            address: IPEndpoint,
            tls: Security,
            proxies: [IPNetwork] = [],
            xclient: [IPNetwork] = [],
            device: Device? = nil
        ) {
            self.service = service
            self.address = address
            self.tls = tls
            self.proxies = proxies
            self.xclient = xclient
            self.device = device
        }

        /// Where other servers bring mail: port 25 of every interface.
        package static let reception: Listener? = IPAddress("0.0.0.0").map { any in
            Listener(service: .reception, address: IPEndpoint(address: any, port: 25), tls: .starttls)
        }

        /// Submission on every interface: 587 with STARTTLS and 465 with implicit TLS.
        package static let defaults: [Listener] = {
            guard let any = IPAddress("0.0.0.0") else { return [] }
            return [
                Listener(address: IPEndpoint(address: any, port: 587), tls: .starttls),
                Listener(address: IPEndpoint(address: any, port: 465), tls: .implicit),
            ]
        }()
    }
}

/// An IP address and a TCP or UDP port; port 0 lets the system choose when listening.
package struct IPEndpoint: Sendable, Hashable, CustomStringConvertible {
    package var address: IPAddress
    package var port: Int

    package init(address: IPAddress, port: Int) {
        self.address = address
        self.port = port
    }

    /// Parses `192.0.2.1:587` or `[2001:db8::1]:587`; `nil` for anything else, host names too.
    ///
    /// - Parameter defaultPort: Taken where the text has no port; `nil` makes the port required.
    package init?(_ text: String, defaultPort: Int? = nil) {
        if let defaultPort, let address = IPAddress(text) {
            self.init(address: address, port: defaultPort)
            return
        }
        let octets = Array(text.utf8)
        let host: String
        let rest: ArraySlice<UInt8>
        if octets.first == UInt8(ascii: "[") {
            guard let close = octets.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = String(decoding: octets[1..<close], as: UTF8.self)
            guard host.utf8.contains(UInt8(ascii: ":")) else { return nil }
            rest = octets[(close + 1)...]
        } else {
            let colon = octets.firstIndex(of: UInt8(ascii: ":")) ?? octets.endIndex
            host = String(decoding: octets[..<colon], as: UTF8.self)
            rest = octets[colon...]
        }
        guard let address = IPAddress(host) else { return nil }
        if rest.isEmpty, let defaultPort {
            self.init(address: address, port: defaultPort)
            return
        }
        guard rest.first == UInt8(ascii: ":"), let port = IPEndpoint.port(rest.dropFirst()) else { return nil }
        self.init(address: address, port: port)
    }

    package var description: String {
        let text = self.address.description
        return text.utf8.contains(UInt8(ascii: ":")) ? "[\(text)]:\(self.port)" : "\(text):\(self.port)"
    }

    /// Whether only this host can reach the address.
    package var isLoopback: Bool { self.address.isLoopback }

    private static func port(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 5, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return value <= 65535 ? value : nil
    }
}
