internal import Crypto
internal import DNS

/// Whether a key that DNS knows made a signature.
struct KeyCheck: Sendable {
    /// Why not; nil when it did.
    private(set) var reason: DKIM.Reason?
    /// The size of the key, where one could be read.
    private(set) var keyBits: Int?
    /// Whether the domain says that it only tests.
    private(set) var isTesting = false
    /// Whether DNSSEC proved the answer.
    private(set) var isAuthenticated = false

    /// There should be one record. Where there are more each is tried, as RFC 6376 §6.1.2 allows, up to this many.
    private static let maximumRecords = 4

    init(
        _ signature: [UInt8],
        of digest: SHA256.Digest,
        _ algorithm: DKIM.Algorithm,
        isForSubdomain: Bool,
        _ answer: Result<Answer<TXTRecord>, DNSError>
    ) {
        self.reason = .noKey
        switch answer {
        case .failure(let error) where error.isTemporary: self.reason = .keyUnavailable(error.description)
        case .failure: break
        case .success(let answer):
            self.isAuthenticated = answer.isAuthenticated
            for text in answer.records.prefix(Self.maximumRecords) {
                do throws(DKIM.Reason) {
                    try self.check(signature, of: digest, algorithm, isForSubdomain, text)
                    self.reason = nil
                    return
                } catch {
                    // Text that is no key at all says less than what a key says.
                    if case .malformedKey = error, self.reason != .noKey { continue }
                    self.reason = error
                }
            }
        }
    }

    private mutating func check(
        _ signature: [UInt8],
        of digest: SHA256.Digest,
        _ algorithm: DKIM.Algorithm,
        _ isForSubdomain: Bool,
        _ text: TXTRecord
    ) throws(DKIM.Reason) {
        let record: DKIM.KeyRecord
        do {
            record = try DKIM.KeyRecord(parsing: text.octets)
        } catch {
            throw .malformedKey(error)
        }
        self.isTesting = record.isTesting
        guard !record.isRevoked else { throw .keyRevoked }
        guard record.keyType == algorithm.keyType else { throw .keyTypeDiffers }
        guard record.allowsSHA256 else { throw .keyForbidsHash }
        guard record.allowsMail else { throw .keyForbidsService }
        guard !record.forbidsSubdomains || !isForSubdomain else { throw .keyForbidsSubdomains }
        let key = try PublicKey(record)
        self.keyBits = key.bits
        guard key.verifies(signature, of: digest) else { throw .signatureDiffers }
    }
}
