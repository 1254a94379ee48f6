internal import MailSyntax

/// A header section loses no octet, and its lines stay within it.
func fuzzHeader(_ input: [UInt8]) {
    do {
        let section = try HeaderSection(parsing: input)
        check(section.bodyOffset <= input.count, "the body begins behind the end")
        let lines = section.lines.flatMap(\.octets)
        check(input.starts(with: lines), "the lines are not the octets that were parsed")
        for line in section.lines {
            if case .field(let field) = line {
                _ = field.name
                _ = field.value
            }
        }
    } catch {
        check(input.count > 4096, "a limit hit by a small header")
    }
}

/// An address list that was read: each mailbox, alone in a list, reads the same again.
func fuzzAddresses(_ input: [UInt8]) {
    let list: AddressList
    do {
        list = try AddressList(parsing: input)
    } catch {
        return
    }
    for mailbox in list.mailboxes {
        // Not as an SMTP path: a header's domain may hold what a path's may not (RFC 5322 §3.4.1).
        do {
            check(try AddressList(parsing: Array(mailbox.description.utf8)).mailboxes == [mailbox], "a mailbox changes")
        } catch {
            check(false, "a mailbox that was read cannot be read again: \(error)")
        }
    }
}

func fuzzMailbox(_ input: [UInt8]) {
    do {
        checkMailbox(try Mailbox(parsing: input))
    } catch {
        return
    }
}

private func checkMailbox(_ mailbox: Mailbox) {
    do {
        let again = try Mailbox(parsing: mailbox.description)
        check(again == mailbox, "a mailbox changes when written and read")
        check(again.canonical == mailbox.canonical, "its key changes")
    } catch {
        check(false, "a mailbox that was read cannot be read again: \(error)")
    }
}

/// base64, xtext, dates, IP addresses: what was decoded encodes to what it was.
func fuzzEncodings(_ input: [UInt8]) {
    if let octets = Base64.decode(input) { check(Base64.encode(octets) == input, "base64 has two spellings") }
    check(Base64.decode(Base64.encode(input)) == input, "base64 loses octets")
    check(XText.decode(XText.encode(input)).map { $0 == input } == true, "xtext loses octets")
    let text = String(decoding: input, as: UTF8.self)
    if let address = IPAddress(text) { check(IPAddress("\(address)") == address, "an address changes") }
    do {
        let date = try MailDate(parsing: input)
        let printed = MailDate.format(secondsSince1970: date.secondsSince1970, offsetMinutes: date.offsetMinutes)
        check(try MailDate(parsing: printed) == date, "a date changes")
    } catch {
        return
    }
}
