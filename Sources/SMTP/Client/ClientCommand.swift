internal import MailSyntax

/// Writes the client's command lines, with the parameters the server offers and no others.
enum ClientCommand {
    /// Appends `MAIL FROM:…` (RFC 5321 §4.1.1.2).
    static func appendMail(
        _ mail: MailParameters,
        needsSMTPUTF8: Bool,
        to capabilities: Capabilities,
        _ octets: inout [UInt8]
    ) {
        octets.append("MAIL FROM:<")
        octets.append(mail.reversePath.description)
        octets.append(ASCII.greater)
        if let size = mail.size, capabilities.size != nil {
            octets.append(" SIZE=")
            octets.append(String(size))
        }
        if mail.body == .eightBitMIME, capabilities.isEightBitMIME {
            octets.append(" BODY=8BITMIME")
        }
        if needsSMTPUTF8 {
            octets.append(" SMTPUTF8")
        }
        if capabilities.isDSN {
            if let ret = mail.ret {
                octets.append(" RET=")
                octets.append(ret.rawValue)
            }
            if let identifier = mail.envelopeIdentifier {
                octets.append(" ENVID=")
                octets += XText.encode(identifier.utf8)
            }
        }
        octets.append("\r\n")
    }

    /// Appends `RCPT TO:…` (RFC 5321 §4.1.1.3).
    static func appendRecipient(
        _ recipient: RecipientParameters,
        to capabilities: Capabilities,
        _ octets: inout [UInt8]
    ) {
        octets.append("RCPT TO:<")
        octets.append(recipient.forwardPath.description)
        octets.append(ASCII.greater)
        if capabilities.isDSN {
            if let notify = recipient.notify, !notify.isEmpty {
                octets.append(" NOTIFY=")
                octets.append(notify.description)
            }
            if let original = recipient.originalRecipient {
                octets.append(" ORCPT=")
                octets.append(original.addressType)
                octets.append(ASCII.semicolon)
                Self.append(original, &octets)
            }
        }
        octets.append("\r\n")
    }

    private static func append(_ original: OriginalRecipient, _ octets: inout [UInt8]) {
        guard original.addressType == "utf-8" else {
            octets += XText.encode(original.address.utf8)
            return
        }
        // `utf-8-addr-xtext` is ASCII, so that it can also go to a server without SMTPUTF8 (RFC 6533 §3).
        for scalar in original.address.unicodeScalars {
            if scalar.isASCII, scalar.value > 0x20, scalar.value < 0x7F, scalar != "+", scalar != "=" {
                octets.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                octets.append("\\x{" + String(scalar.value, radix: 16, uppercase: true) + "}")
            }
        }
    }

    /// Whether the octets are command lines and nothing else: no control but the CRLFs written here, which are `lines` in number.
    ///
    /// A path is checked where it was parsed; this keeps one that was put together otherwise from becoming two commands.
    static func isClean(_ octets: [UInt8], lines: Int) -> Bool {
        var controls = 0
        for octet in octets where ASCII.isControl(octet) { controls += 1 }
        return controls == 2 * lines
    }
}

extension [UInt8] {
    /// Appends the text's UTF-8.
    mutating func append(_ text: String) {
        self.append(contentsOf: text.utf8)
    }
}
