internal import DNSClient
package import GatepostModel
package import Logging
internal import MailSyntax
package import MessageAuthentication
package import NIOPosix
internal import SASL
internal import Synchronization

/// The keys of all local domains, open, and the threads that sign with them.
///
/// A message is signed for the domain of its author, or the nearest local domain above that, with one key of each algorithm.
package final class MailSigner: Sendable {
    /// What became of a message.
    package enum Outcome: Hashable, Sendable {
        /// With the keys of these selectors.
        case signed(domain: String, selectors: [String], hazards: TransportHazards)
        /// Nobody asked for signatures of this domain; in words.
        case noKey(String)
        /// There are keys, and something is wrong; in words.
        case failed(String)
    }

    private struct Keys: Sendable {
        var number = 0
        /// By domain in A-labels.
        var signers: [String: [DKIM.Signer]] = [:]
        /// Domains with a key that signs and cannot be used.
        var problems: [String: String] = [:]
        /// Where ``signers`` came from, by ``DKIMKey/recordName``: what is open need not be opened again.
        var opened: [String: DKIM.SigningKey] = [:]
    }

    private let keys = Mutex(Keys())
    private let loads = Mutex(0)
    private let signedCount = Atomic<Int>(0)
    private let unsignedCount = Atomic<Int>(0)
    private let store: any AccountStore
    private let keyring: MasterKeyring
    private let threads: NIOThreadPool
    private let logger: Logger

    /// - Parameter threads: Where hashing and signing happen. Each session has one message at a time, which bounds the line.
    package init(store: any AccountStore, keyring: MasterKeyring, threads: NIOThreadPool, logger: Logger) {
        self.store = store
        self.keyring = keyring
        self.threads = threads
        self.logger = logger
    }

    package var signedMessages: Int { self.signedCount.load(ordering: .relaxed) }
    package var unsignedMessages: Int { self.unsignedCount.load(ordering: .relaxed) }

    /// The same keys, for messages that are not sent: nothing is counted with the others.
    func copy() -> MailSigner {
        let copy = MailSigner(
            store: self.store,
            keyring: self.keyring,
            threads: self.threads,
            logger: Logger(label: "gatepost.simulation") { _ in SwiftLogNoOpLogHandler() }
        )
        let keys = self.keys.withLock { $0 }
        copy.keys.withLock { $0 = keys }
        return copy
    }

    /// Reads the keys that sign from the store: at the start, and whenever keys or local domains changed.
    ///
    /// What cannot be read is logged, and the keys of before stay.
    package func reload() async {
        let number = self.loads.withLock { number in
            number += 1
            return number
        }
        do {
            let local = try await self.store.domains()
            let stored = try await self.store.dkimKeys(of: nil)
            let known = self.keys.withLock { $0.opened }
            let keyring = self.keyring
            var made = try await self.threads.runIfActive {
                Self.open(stored, local: local, known: known, keyring: keyring)
            }
            made.number = number
            let fresh = made
            // Of two that ran at the same time, the one that read last counts.
            let isCurrent = self.keys.withLock { keys in
                guard keys.number < number else { return false }
                keys = fresh
                return true
            }
            guard isCurrent else { return }
            for (domain, problem) in fresh.problems {
                self.logger.error(
                    "mail of a domain is not signed: its DKIM key cannot be used",
                    metadata: ["domain": "\(domain)", "problem": "\(problem)"]
                )
            }
        } catch {
            self.logger.error("DKIM keys could not be read", metadata: ["error": "\(error)"])
        }
    }

    private static func open(
        _ stored: [DKIMKey],
        local: [String],
        known: [String: DKIM.SigningKey],
        keyring: MasterKeyring
    ) -> Keys {
        var keys = Keys()
        for domain in local {
            let set = DKIMKeySet(domain: domain, keys: stored.filter { $0.domain == domain })
            guard !set.signing.isEmpty else { continue }
            do {
                let name = try IDNA.toASCII(domain)
                for key in set.signing {
                    let opened = try known[key.recordName] ?? Self.open(key, keyring)
                    keys.opened[key.recordName] = opened
                    keys.signers[name, default: []].append(
                        DKIM.Signer(domain: name, selector: key.selector, key: opened)
                    )
                }
            } catch {
                keys.problems[domain] = "\(error)"
            }
        }
        return keys
    }

    private static func open(_ key: DKIMKey, _ keyring: MasterKeyring) throws -> DKIM.SigningKey {
        guard let sealed = key.sealedKey else { throw MasterKey.Failure.cannotOpen }
        let secret = try keyring.open(sealed, owner: key.owner)
        return try DKIM.SigningKey(pem: String(decoding: secret.octets, as: UTF8.self))
    }

    /// The keys for mail of an author domain, in A-labels: those of the nearest domain that has some, itself or above.
    package func signers(for domain: String) -> [DKIM.Signer] {
        self.keys.withLock { keys in
            guard !keys.signers.isEmpty else { return [] }
            var name = domain[...]
            while true {
                if let signers = keys.signers[String(name)] { return signers }
                guard let dot = name.firstIndex(of: ".") else { return [] }
                name = name[name.index(after: dot)...]
            }
        }
    }

    /// Why mail of a domain that should be signed is not; nil for one that has no keys.
    func problem(of domain: String) -> String? {
        self.keys.withLock { $0.problems[domain] }
    }

    // MARK: Whole messages

    /// A message of our own, signed if the domain it is from has keys; else as it was.
    package func signed(_ message: NewMessage) async -> NewMessage {
        guard case .inline(let octets) = message.content,
            let signing = self.begin(secondsSince1970: message.received.secondsSince1970)
        else { return message }
        let front = await self.finish(signing, rest: octets, message.identifier)
        guard !front.isEmpty else { return message }
        var signed = message
        signed.content = .inline(front + octets)
        signed.size += front.count
        return signed
    }

    // MARK: Messages in pieces

    /// Begins to sign a message.
    ///
    /// - Returns: nil where no domain has keys: then nothing needs to be looked at.
    func begin(secondsSince1970: Int64) -> MessageSigning? {
        let isIdle = self.keys.withLock { $0.signers.isEmpty && $0.problems.isEmpty }
        return isIdle ? nil : MessageSigning(self, secondsSince1970: secondsSince1970)
    }

    /// Hands the next octets of a message over, on a thread that may take its time.
    func receive(_ octets: [UInt8], by signing: inout MessageSigning?) async {
        guard let before = signing else { return }
        // Taken out meanwhile, or what it holds would be copied with each piece.
        signing = nil
        do {
            signing = try await self.threads.runIfActive {
                var after = before
                octets.withUnsafeBytes { after.receive($0) }
                return after
            }
        } catch {
            signing = before.failed("the signing threads have ended")
        }
    }

    /// Ends a message, counts and logs what became of it.
    ///
    /// - Parameter rest: Octets that were not handed over yet.
    /// - Returns: The fields to put in front; none when it is not signed.
    func finish(_ signing: MessageSigning?, rest: [UInt8], _ message: MessageIdentifier) async -> [UInt8] {
        guard let signing else {
            self.unsignedCount.add(1, ordering: .relaxed)
            return []
        }
        do {
            let (front, outcome) = try await self.threads.runIfActive {
                var last = signing
                rest.withUnsafeBytes { last.receive($0) }
                return last.finish()
            }
            self.note(outcome, message)
            return front
        } catch {
            self.note(.failed("the signing threads have ended"), message)
            return []
        }
    }

    /// Counts and logs what became of a message: that one is not signed is never silent.
    private func note(_ outcome: Outcome, _ message: MessageIdentifier) {
        switch outcome {
        case .signed(let domain, let selectors, let hazards):
            self.signedCount.add(1, ordering: .relaxed)
            // These change on the way at some servers, and the signatures break.
            let worrying = hazards.intersection([.bareLineEnding, .longLine, .nul])
            self.logger.debug(
                "message signed",
                metadata: [
                    "message": "\(message)", "domain": "\(domain)", "selectors": "\(selectors.joined(separator: " "))",
                    "hazards": "\(worrying)",
                ]
            )
        case .noKey(let reason):
            self.unsignedCount.add(1, ordering: .relaxed)
            self.logger.debug("message not signed", metadata: ["message": "\(message)", "reason": "\(reason)"])
        case .failed(let reason):
            self.unsignedCount.add(1, ordering: .relaxed)
            self.logger.warning(
                "message not signed",
                metadata: ["message": "\(message)", "reason": "\(reason)"]
            )
        }
    }
}
