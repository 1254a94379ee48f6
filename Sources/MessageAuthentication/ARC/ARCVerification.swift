internal import Crypto
internal import MailSyntax

/// The ARC chain of one message, read from its header and waiting for its body and for its keys (RFC 8617 §5.2).
struct ARCVerification: Sendable {
    private let chain: ARCChain
    private let header: HeaderIndex
    /// Why the chain fails whatever its signatures are.
    private let reason: ARC.Reason?

    init(_ header: HeaderIndex) {
        self.header = header
        self.chain = ARCChain(header)
        self.reason = self.chain.reason ?? Self.status(self.chain)
    }

    /// Judges what the seals say of the chain before them.
    private static func status(_ chain: ARCChain) -> ARC.Reason? {
        guard let newest = chain.sets.last else { return nil }
        if newest.seal.status == .fail { return .failedBefore(instance: newest.instance) }
        for set in chain.sets where set.seal.status != (set.instance == 1 ? .none : .pass) {
            return .invalidStatus(instance: set.instance)
        }
        return nil
    }

    /// The body hashes that are needed.
    var bodyHashes: [BodyHashKey] {
        guard self.reason == nil, let newest = self.chain.sets.last else { return [] }
        return [newest.messageSignature.bodyHashKey]
    }

    /// The keys that are needed: none for what fails without.
    func keyNames(_ context: VerificationContext) -> [KeyName] {
        guard self.reason == nil, let newest = self.chain.sets.last else { return [] }
        do throws(DKIM.Reason) {
            var names = [try newest.messageSignature.checkWithoutKey(context).key]
            for set in self.chain.sets { names.append(try set.seal.keyName(context)) }
            return names
        } catch {
            return []
        }
    }

    func verdict(_ context: VerificationContext, _ keys: KeyLookup) -> ARC.Verdict {
        ARC.Verdict(sets: self.chain.sets.map(\.summary), reason: self.reason ?? self.check(context, keys))
    }

    private func check(_ context: VerificationContext, _ keys: KeyLookup) -> ARC.Reason? {
        guard let newest = self.chain.sets.last else { return nil }
        let message = newest.messageSignature
        do throws(DKIM.Reason) {
            let name = try message.checkWithoutKey(context).key
            let hash = message.headerHash(self.header, excluding: newest.messageSignaturePlace)
            let check = KeyCheck(message.signature, of: hash, message.algorithm, isForSubdomain: false, keys[name])
            if let reason = check.reason { throw reason }
        } catch {
            return .messageSignature(instance: newest.instance, error)
        }
        // A seal signs all sets up to its own, so that each hash begins with the one before.
        var hash = SHA256()
        for set in self.chain.sets {
            let seal = set.seal
            do throws(DKIM.Reason) {
                if seal.algorithm == .rsaSHA1 { throw .sha1 }
                let name = try seal.keyName(context)
                let digest = hash.add(set)
                let check = KeyCheck(seal.signature, of: digest, seal.algorithm, isForSubdomain: false, keys[name])
                if let reason = check.reason { throw reason }
            } catch {
                return .seal(instance: set.instance, error)
            }
        }
        return nil
    }
}

extension ARCSeal {
    func keyName(_ context: VerificationContext) throws(DKIM.Reason) -> KeyName {
        try KeyName(selector: self.selector, domain: self.domain, context.alabels)
    }
}

extension SHA256 {
    /// Adds a set in the order of RFC 8617 §5.1.1 and returns what its seal signs: all up to the seal without its `b=`.
    mutating func add(_ set: ARCSet) -> SHA256.Digest {
        let form = DKIM.Canonicalization.Form.relaxed
        self.update(data: form.canonicalize(set.authenticationResults))
        self.update(data: form.canonicalize(set.messageSignatureField))
        var sealed = self
        sealed.update(unsigned: set.seal.unsignedField, form)
        self.update(data: form.canonicalize(set.sealField))
        return sealed.finalize()
    }
}
