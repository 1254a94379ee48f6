package import MailSyntax

/// Where mail for a recipient goes: which domains are ours, whose mailbox an address is, what aliases make of it.
package struct RecipientRules: Sendable {
    /// One of the places that a recipient's mail goes to.
    package enum Place: Hashable, Sendable {
        /// The account of that address, by the path under which its store knows it: the owner's tag is still there.
        case account(String, isSandbox: Bool, path: Mailbox)
        /// Another host's mailbox, since an alias says so.
        case elsewhere(Mailbox, alias: Mailbox)
        /// Nobody is named as postmaster here, and mail to him is kept all the same (RFC 5321 §4.5.1).
        case postmaster(ForwardPath)
        /// Nobody's mailbox: the address takes reports, which are read.
        case reports(Mailbox)
    }

    package enum Resolution: Hashable, Sendable {
        /// At least one.
        case places([Place])
        /// The domain is ours, the mailbox is nobody's.
        case unknown
        /// The domain is not ours.
        case foreign
    }

    /// How far aliases of aliases are followed.
    package static let maximumDepth = 10

    /// What stands between a mailbox and its owner's tag; empty: no tags.
    package var separator: String
    /// The name of this host, whose postmaster is ours too.
    package var hostname: String
    /// Who answers for this host; nil: `postmaster` where there is such an account or alias, else nobody.
    package var postmaster: Mailbox?
    /// To A-labels; asked only about names that are not ASCII, nil when there are none.
    package var alabels: @Sendable (String) -> String?

    /// Which addresses take reports; nil: none.
    package var reports: Configuration.Reports?

    package init(
        separator: String = "+",
        hostname: String,
        postmaster: Mailbox? = nil,
        alabels: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.separator = separator
        self.hostname = hostname
        self.postmaster = postmaster
        self.alabels = alabels
    }

    /// - Throws: What keeps the directory from answering: then nothing may be said about the recipient.
    package func resolve(_ path: ForwardPath, in directory: some RecipientDirectory) async throws -> Resolution {
        guard let mailbox = path.mailbox else { return try await self.resolvePostmaster(path, in: directory) }
        // Only what stands behind the last @ is looked at: percent signs, bangs and quoted @ in front of it lead nowhere.
        guard let domain = try await self.localDomain(of: mailbox, in: directory) else {
            guard self.isPostmaster(mailbox), case .name(let name) = mailbox.domain.lowercased, name == self.hostname
            else { return .foreign }
            return try await self.resolvePostmaster(path, in: directory)
        }
        var walk = Walk()
        try await self.follow(mailbox, domain, as: nil, depth: 0, directory, &walk)
        if !walk.places.isEmpty { return .places(walk.places) }
        return self.isPostmaster(mailbox) ? try await self.resolvePostmaster(path, in: directory) : .unknown
    }

    /// Whether it is the mailbox that must take mail whatever happens.
    package func isPostmaster(_ path: ForwardPath) -> Bool { path.mailbox.map(self.isPostmaster) ?? true }

    private func isPostmaster(_ mailbox: Mailbox) -> Bool {
        ASCII.equalIgnoringCase(mailbox.localPart.utf8, "postmaster".utf8)
    }

    private func resolvePostmaster(
        _ path: ForwardPath,
        in directory: some RecipientDirectory
    ) async throws -> Resolution {
        guard let postmaster = self.postmaster else { return .places([.postmaster(path)]) }
        guard let domain = try await self.localDomain(of: postmaster, in: directory) else {
            let alias = path.mailbox ?? Mailbox(localPart: "postmaster", domain: .name(self.hostname))
            return .places([.elsewhere(postmaster, alias: alias)])
        }
        var walk = Walk()
        try await self.follow(postmaster, domain, as: nil, depth: 0, directory, &walk)
        return .places(walk.places.isEmpty ? [.postmaster(path)] : walk.places)
    }

    // MARK: Following

    private struct Walk {
        var places: [Place] = []
        /// Aliases that were followed: none is followed twice, whatever they say of one another.
        var followed: Set<String> = []

        mutating func add(_ place: Place) {
            if !self.places.contains(place) { self.places.append(place) }
        }
    }

    /// - Parameters:
    ///   - domain: That of the mailbox, as the directory has it.
    ///   - origin: The first alias on the way.
    private func follow(
        _ mailbox: Mailbox,
        _ domain: String,
        as origin: Mailbox?,
        depth: Int,
        _ directory: some RecipientDirectory,
        _ walk: inout Walk
    ) async throws {
        guard depth <= Self.maximumDepth, walk.places.count < Alias.maximumTargets else { return }
        switch try await self.match(mailbox, domain, in: directory, skipping: walk.followed) {
        case .account(let account):
            walk.add(.account(account.address, isSandbox: account.isSandbox, path: mailbox))
        case .alias(let alias):
            walk.followed.insert(alias.address)
            for target in alias.targets {
                if let domain = try await self.localDomain(of: target, in: directory) {
                    try await self.follow(
                        target,
                        domain,
                        as: origin ?? mailbox,
                        depth: depth + 1,
                        directory,
                        &walk
                    )
                } else {
                    walk.add(.elsewhere(target, alias: origin ?? mailbox))
                }
            }
        case nil:
            if self.reports?.isReportAddress(mailbox) == true { walk.add(.reports(mailbox)) }
        }
    }

    package enum Match: Hashable, Sendable {
        case account(Account)
        case alias(Alias)
    }

    /// What the directory has for a mailbox: an alias of that name before an account, both before the mailbox without its tag, and the
    /// domain's catch-all last.
    package func match(
        _ mailbox: Mailbox,
        _ domain: String,
        in directory: some RecipientDirectory,
        skipping: Set<String> = []
    ) async throws -> Match? {
        for localPart in [mailbox.localPart, self.withoutTag(mailbox.localPart)].compactMap(\.self) {
            let address = Mailbox(localPart: localPart, domain: .name(domain)).canonical
            // One that was followed is the account of its name or nothing more, least of all the catch-all's.
            guard !skipping.contains(address) else {
                return try await directory.account(address: address).map { .account($0) }
            }
            if let alias = try await directory.alias(address) { return .alias(alias) }
            if let account = try await directory.account(address: address) { return .account(account) }
        }
        let all = "@\(domain)"
        guard !skipping.contains(all) else { return nil }
        return try await directory.alias(all).map { .alias($0) }
    }

    /// nil when there is no tag, or nothing before it.
    private func withoutTag(_ localPart: String) -> String? {
        let separator = Array(self.separator.utf8)
        let octets = Array(localPart.utf8)
        guard !separator.isEmpty, octets.count > separator.count else { return nil }
        for index in 1...(octets.count - separator.count)
        where octets[index..<(index + separator.count)].elementsEqual(separator) {
            return String(decoding: octets[..<index], as: UTF8.self)
        }
        return nil
    }

    /// The domain in the form in which the directory has it; nil when it is not ours.
    package func localDomain(of mailbox: Mailbox, in directory: some RecipientDirectory) async throws -> String? {
        guard case .name(let name) = mailbox.domain.lowercased else { return nil }
        if try await directory.isLocal(domain: name) { return name }
        guard !mailbox.domain.isASCII, let ascii = self.alabels(name), try await directory.isLocal(domain: ascii)
        else { return nil }
        return ascii
    }
}
