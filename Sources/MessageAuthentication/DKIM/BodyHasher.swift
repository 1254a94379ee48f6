internal import Crypto

/// Which body hash a signature asks for: the same one is computed once for all that ask for it.
struct BodyHashKey: Hashable, Sendable {
    var form: DKIM.Canonicalization.Form
    /// How many canonical octets are hashed (`l=`); nil for all.
    var limit: UInt64?
}

/// The hash of a body, and how much of it there was.
struct BodyDigest: Hashable, Sendable {
    var octets: [UInt8]
    /// The canonical octets of the whole body.
    var total: UInt64
}

/// Computes body hashes while a body streams through, in bounded memory.
struct BodyHasher: Sendable {
    private var streams: [Stream] = []

    /// - Parameter keys: The hashes to compute; each canonicalization runs once.
    init(_ keys: some Sequence<BodyHashKey>) {
        let keys = Set(keys)
        for form in DKIM.Canonicalization.Form.allCases {
            let limits = keys.filter { $0.form == form }.map(\.limit)
            if !limits.isEmpty { self.streams.append(Stream(form, limits)) }
        }
    }

    mutating func receive(_ chunk: UnsafeRawBufferPointer) {
        for index in self.streams.indices {
            self.streams[index].receive(chunk)
        }
    }

    mutating func finish() -> [BodyHashKey: BodyDigest] {
        var digests: [BodyHashKey: BodyDigest] = [:]
        for var stream in self.streams {
            stream.canonicalizer.finish(&stream.sink)
            for (limit, digest) in stream.sink.finish() {
                digests[BodyHashKey(form: stream.form, limit: limit)] = BodyDigest(
                    octets: digest,
                    total: stream.sink.total
                )
            }
        }
        self.streams = []
        return digests
    }

    private struct Stream: Sendable {
        let form: DKIM.Canonicalization.Form
        var canonicalizer: BodyCanonicalizer
        var sink: HashSink

        init(_ form: DKIM.Canonicalization.Form, _ limits: [UInt64?]) {
            self.form = form
            self.canonicalizer = BodyCanonicalizer(form)
            self.sink = HashSink(limits)
        }

        mutating func receive(_ chunk: UnsafeRawBufferPointer) {
            self.canonicalizer.receive(chunk, &self.sink)
        }
    }
}

/// Hashes canonical octets, as many as each limit allows.
private struct HashSink: CanonicalSink {
    private var hashes: [(limit: UInt64?, hash: SHA256)]
    private(set) var total: UInt64 = 0
    /// Small pieces are gathered here: a call of the hash function for each would cost more than the copy.
    private var stage: [UInt8] = []
    private static let stageOctets = 4096

    init(_ limits: [UInt64?]) {
        self.hashes = limits.map { ($0, SHA256()) }
        self.stage.reserveCapacity(Self.stageOctets)
    }

    mutating func take(_ octets: UnsafeRawBufferPointer) {
        if octets.count > Self.stageOctets / 4 {
            self.flush()
            self.hash(octets)
            return
        }
        if self.stage.count + octets.count > Self.stageOctets { self.flush() }
        self.stage.append(contentsOf: octets)
    }

    mutating func finish() -> [(limit: UInt64?, digest: [UInt8])] {
        self.flush()
        return self.hashes.map { ($0.limit, Array($0.hash.finalize())) }
    }

    private mutating func flush() {
        guard !self.stage.isEmpty else { return }
        let stage = self.stage
        stage.withUnsafeBytes { self.hash($0) }
        self.stage.removeAll(keepingCapacity: true)
    }

    private mutating func hash(_ octets: UnsafeRawBufferPointer) {
        for index in self.hashes.indices {
            guard let limit = self.hashes[index].limit else {
                self.hashes[index].hash.update(bufferPointer: octets)
                continue
            }
            let room = limit > self.total ? limit - self.total : 0
            let count = room < UInt64(octets.count) ? Int(room) : octets.count
            if count > 0 {
                self.hashes[index].hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: octets[..<count]))
            }
        }
        self.total &+= UInt64(octets.count)
    }
}
