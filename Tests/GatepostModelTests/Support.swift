import GatepostModel
import MailSyntax
import Testing

let noon = Timestamp(secondsSince1970: 1_795_521_600)

func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: text) }

/// The folder of test vectors of our own.
func vectorDirectory(_ name: String) -> String {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
    return parts.joined(separator: "/") + "/Vectors/" + name
}

extension Account {
    static func test(_ address: String, identities: [String] = []) -> Account {
        Account(id: 1, address: address, identities: identities.compactMap { IdentityPattern($0) })
    }
}
