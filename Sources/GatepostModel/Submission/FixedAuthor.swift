package import MailSyntax

/// The one address that a device's mail is from.
package struct FixedAuthor: Sendable, Hashable {
    package var mailbox: Mailbox
    /// Mail that says another is made to say this one; else it is refused.
    package var replacesOthers: Bool

    package init(mailbox: Mailbox, replacesOthers: Bool) {
        self.mailbox = mailbox
        self.replacesOthers = replacesOthers
    }

    /// The reverse-path that goes on; nil where this one may not.
    ///
    /// The null reverse-path too: a device has no reports to send, and where it sends with it nobody learns of what was not delivered.
    package func reversePath(for given: ReversePath) -> ReversePath? {
        if self.replacesOthers { return .mailbox(self.mailbox) }
        guard case .mailbox(let mailbox) = given, self.isSame(mailbox) else { return nil }
        return given
    }

    fileprivate func isSame(_ other: Mailbox) -> Bool {
        self.mailbox.domain.lowercased == other.domain.lowercased
            && ASCII.equalIgnoringCase(self.mailbox.localPart.utf8, other.localPart.utf8)
    }
}

extension HeaderFixups {
    /// Sees to it that a message is by one author, before the rules of submission.
    ///
    /// What cannot be read is left to those rules, unless it is replaced: many devices write a `From` that is no address.
    /// A replaced `From` that was one becomes `Reply-To` where there is none, so that an answer to a scan reaches who stood at the scanner.
    ///
    /// - Parameter header: As for ``submission(_:account:context:)``.
    /// - Complexity: O(n).
    package static func fixed(_ header: [UInt8], to author: FixedAuthor) -> Result<[UInt8], Refusal> {
        let section: HeaderSection
        do {
            section = try HeaderSection(parsing: header, limits: .init(maximumOctets: header.count))
        } catch {
            return .failure(.headerTooLarge(maximumOctets: header.count))
        }
        let fields = section.lines.compactMap { line -> HeaderField? in
            if case .field(let field) = line { field } else { nil }
        }
        let from = fields.filter { $0.isNamed("from") }
        let authors = from.flatMap { (try? AddressList(parsing: $0.valueOctets).mailboxes) ?? [] }
        let strangers = authors.filter { !author.isSame($0) }
        guard author.replacesOthers else {
            return strangers.first.map { .failure(.fromNotFixed($0, fixed: author.mailbox)) } ?? .success(header)
        }
        if from.count == 1, authors.count == 1, strangers.isEmpty { return .success(header) }

        var output: [UInt8] = []
        output.reserveCapacity(header.count + 256)
        for line in section.lines {
            if case .field(let field) = line, field.isNamed("from") || field.isNamed("sender") { continue }
            output += line.octets
        }
        if !output.isEmpty, output.last != ASCII.lf { output += [ASCII.cr, ASCII.lf] }
        output += "From: \(author.mailbox)\r\n".utf8
        if from.count == 1, let replaced = from.first, !strangers.isEmpty,
            !fields.contains(where: { $0.isNamed("reply-to") })
        {
            output += "Reply-To:".utf8
            output += replaced.bodyOctets
            output += [ASCII.cr, ASCII.lf]
        }
        if section.isTerminated {
            output += [ASCII.cr, ASCII.lf]
            output += header[section.bodyOffset...]
        }
        return .success(output)
    }
}
