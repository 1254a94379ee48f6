package import MailSyntax
internal import MessageAuthentication
package import SASL

/// The return paths of what is forwarded, and the way back of their bounces.
package struct ReturnPaths: Sendable {
    enum Return: Hashable, Sendable {
        /// Not one of ours in form: an address like any other.
        case ordinary
        /// Ours: mail to it goes to who sent the message that was forwarded.
        case to(Mailbox)
        /// Made by somebody else, or too old.
        case refused
    }

    private let key: @Sendable () -> Secret

    /// - Parameter key: Of at least 16 octets; asked for each time, since it may be exchanged.
    package init(key: @escaping @Sendable () -> Secret) {
        self.key = key
    }

    /// The return path under which mail for an alias of `domain` goes on: bounces come to the domain's mail exchanger, which is this host, and
    /// its SPF record names it. The null path where the original cannot be written in one of ours: the message goes on, its bounces do not.
    func forward(_ path: ReversePath, by domain: Domain, secondsSince1970: Int64) -> ReversePath {
        guard let rewriting = SenderRewriting(domain: domain, key: self.key().octets) else { return .null }
        do throws(SenderRewriting.ForwardFailure) {
            return try rewriting.forward(path, secondsSince1970: secondsSince1970)
        } catch {
            return .null
        }
    }

    /// - Parameter mailbox: Of a local domain.
    func reverse(_ mailbox: Mailbox, secondsSince1970: Int64) -> Return {
        guard let rewriting = SenderRewriting(domain: mailbox.domain, key: self.key().octets) else { return .ordinary }
        do throws(SenderRewriting.ReverseFailure) {
            return .to(try rewriting.reverse(mailbox, secondsSince1970: secondsSince1970))
        } catch {
            return error == .notRewritten ? .ordinary : .refused
        }
    }

    /// Whose message went on under the path: notifications about it are for them.
    package func sender(behind mailbox: Mailbox, secondsSince1970: Int64) -> Mailbox {
        if case .to(let sender) = self.reverse(mailbox, secondsSince1970: secondsSince1970) { sender } else { mailbox }
    }
}
