internal import Crypto
package import MailSyntax

/// What is kept of somebody to whom an account sent: 64 bits of a hash, not the address.
///
/// Of two addresses with the same mark the second is never new; among a million that happens once in ten million.
package enum RecipientMark {
    /// Letters count without regard to ASCII case, and a subaddress is an address of its own.
    package static func mark(of recipient: ForwardPath, account: Int64) -> Int64 {
        // The account goes in, so that equal marks of two accounts do not tell that both wrote to the same person.
        var octets = Array("\(account) ".utf8)
        switch recipient {
        case .mailbox(let mailbox): octets += mailbox.canonical.utf8
        case .postmaster: octets += "postmaster".utf8
        }
        let value = SHA256.hash(data: octets).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(bitPattern: value)
    }
}
