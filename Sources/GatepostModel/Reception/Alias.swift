package import MailSyntax

/// An address of a local domain that stands for others.
package struct Alias: Hashable, Sendable {
    /// The most targets of one alias.
    package static let maximumTargets = 200

    /// Canonical: `info@example.org`, or `@example.org` for all that the domain does not have otherwise.
    package var address: String
    /// In the order given; local or elsewhere. The alias itself among them is the account of that name.
    package var targets: [Mailbox]

    package init(address: String, targets: [Mailbox]) {
        self.address = address
        self.targets = targets
    }

    /// Whether it stands for everything that its domain does not have.
    package var isCatchAll: Bool { self.address.utf8.first == ASCII.at }

    /// What follows the `@`.
    package var domain: String {
        guard let at = self.address.utf8.lastIndex(of: ASCII.at) else { return "" }
        return String(self.address[self.address.index(after: at)...])
    }

    /// The address as alias addresses are kept; nil for text that can be none.
    ///
    /// - Parameter text: An address, or `@example.org` or `*@example.org`.
    package static func canonical(_ text: String) -> String? {
        let octets = Array(text.utf8)
        let isCatchAll = octets.first == ASCII.at || octets.starts(with: [ASCII.asterisk, ASCII.at])
        do throws(MailSyntaxError) {
            guard isCatchAll else {
                let mailbox = try Mailbox(parsing: octets)
                guard case .name = mailbox.domain else { return nil }
                return mailbox.canonical
            }
            let domain = octets.drop { $0 == ASCII.asterisk }.dropFirst()
            guard case .name(let name) = try Domain(parsing: domain).lowercased else { return nil }
            return "@\(name)"
        } catch {
            return nil
        }
    }
}
