internal import MailSyntax

/// Why an alias cannot be.
package enum AliasFault: Error, Hashable, Sendable, CustomStringConvertible {
    case noTargets
    case tooManyTargets
    /// Mail for it would never come here.
    case domainNotLocal(String)
    /// A target in a local domain that nobody has.
    case unknownTarget(String)
    /// The addresses by which it leads back to itself.
    case loop([String])
    /// Aliases of aliases, deeper than they are followed.
    case tooDeep

    package var description: String {
        switch self {
        case .noTargets: "an alias needs at least one target"
        case .tooManyTargets: "an alias has at most \(Alias.maximumTargets) targets"
        case .domainNotLocal(let domain): "\(domain) is not a local domain"
        case .unknownTarget(let address): "\(address) is neither an account nor an alias"
        case .loop(let way): "it would go round in circles: " + way.joined(separator: " → ")
        case .tooDeep: "it leads through more than \(RecipientRules.maximumDepth) aliases"
        }
    }
}

extension RecipientRules {
    /// Looks for what is wrong with an alias before it is kept; nil: nothing.
    package func fault(of alias: Alias, in directory: some RecipientDirectory) async throws -> AliasFault? {
        guard !alias.targets.isEmpty else { return .noTargets }
        guard alias.targets.count <= Alias.maximumTargets else { return .tooManyTargets }
        guard try await directory.isLocal(domain: alias.domain) else { return .domainNotLocal(alias.domain) }
        let overlay = Overlay(directory: directory, alias: alias)
        for target in alias.targets {
            if let fault = try await self.fault(at: target, way: [alias.address], alias, overlay) { return fault }
        }
        return nil
    }

    private func fault(
        at target: Mailbox,
        way: [String],
        _ alias: Alias,
        _ directory: Overlay<some RecipientDirectory>
    ) async throws -> AliasFault? {
        guard way.count <= Self.maximumDepth else { return .tooDeep }
        guard let domain = try await self.localDomain(of: target, in: directory) else { return nil }
        // An alias among its own targets is the account of that name.
        let isItself = Mailbox(localPart: target.localPart, domain: .name(domain)).canonical == way.last
        let skipped: Set<String> = isItself ? [way.last ?? ""] : []
        switch try await self.match(target, domain, in: directory, skipping: skipped) {
        case .account: return nil
        case nil: return .unknownTarget(target.description)
        case .alias(let next):
            // A catch-all that an account of the same name does not shield from itself comes back here as well.
            if way.contains(next.address) { return .loop(way + [next.address]) }
            for target in next.targets {
                if let fault = try await self.fault(at: target, way: way + [next.address], alias, directory) {
                    return fault
                }
            }
            return nil
        }
    }

    /// A directory as it would be with one more alias.
    private struct Overlay<Directory: RecipientDirectory>: RecipientDirectory {
        let directory: Directory
        let alias: Alias

        func isLocal(domain: String) async throws -> Bool { try await self.directory.isLocal(domain: domain) }
        func account(address: String) async throws -> Account? { try await self.directory.account(address: address) }
        func alias(_ address: String) async throws -> Alias? {
            address == self.alias.address ? self.alias : try await self.directory.alias(address)
        }
    }
}
