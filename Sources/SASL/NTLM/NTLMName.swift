/// How the names of an NTLM client become the name of an account.
enum NTLMName {
    /// Clients split `alice@example.org` at the at sign or do not, and put the challenge's target name, their workstation or
    /// nothing where they know no domain. The target names of this library have no dot, so a domain with one is the user's.
    static func identity(userName: String, domain: String) -> String {
        if userName.contains("@") { return userName }
        // `EXAMPLE\alice` that the client did not take apart.
        if let separator = userName.lastIndex(of: "\\") {
            return String(userName[userName.index(after: separator)...])
        }
        return domain.contains(".") ? "\(userName)@\(domain)" : userName
    }

    /// What a client should send for a name as its user typed it: `EXAMPLE\alice` in two parts, `alice@example.org` whole and
    /// without a domain, and for a bare name the server's own, `fallback`.
    static func split(_ name: String, fallback: String) -> (userName: String, domain: String) {
        if let separator = name.firstIndex(of: "\\") {
            return (String(name[name.index(after: separator)...]), String(name[..<separator]))
        }
        return (name, name.contains("@") ? "" : fallback)
    }

    /// A NetBIOS-like name: the host's first label in capitals, letters, digits and hyphens only, at most 15 of them.
    static func target(hostname: String) -> String {
        let label = hostname.utf8.prefix { $0 != UInt8(ascii: ".") }
        var name = ""
        for octet in label.prefix(15) {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): name.unicodeScalars.append(Unicode.Scalar(octet - 0x20))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                name.unicodeScalars.append(Unicode.Scalar(octet))
            default: continue
            }
        }
        return name.isEmpty ? "SERVER" : name
    }
}
