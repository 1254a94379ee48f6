internal import CArgon2
internal import GatepostModel
internal import SASL

/// A PHC string of Argon2id or Argon2i (RFC 9106), whoever made it.
struct Argon2Hash: Sendable, Hashable {
    enum Variant: String, Sendable {
        case argon2id
        case argon2i
    }

    /// The most memory that a hash may ask for.
    static let maximumMemoryKiB = 262_144
    /// The most memory times passes: a second or so of a processor.
    static let maximumWork = 1_048_576

    private let variant: Variant
    private let version: Int
    private let memoryKiB: Int
    private let passes: Int
    private let lanes: Int
    private let salt: [UInt8]
    private let hash: [UInt8]

    init(_ text: String, variant: Variant) throws(ForeignSecret.Fault) {
        guard let phc = PHCString(text), phc.function == variant.rawValue, let memory = phc.number("m"),
            let passes = phc.number("t"), let lanes = phc.number("p")
        else { throw ForeignSecret.Fault("is not of the form $\(variant.rawValue)$v=19$m=…,t=…,p=…$salt$hash") }
        let version = phc.version ?? 16
        guard version == 16 || version == 19 else {
            throw ForeignSecret.Fault("has Argon2 version \(version), which is not known")
        }
        guard (1...16).contains(lanes), (1...64).contains(passes), memory >= 8 * lanes,
            memory <= Argon2Hash.maximumMemoryKiB, memory * passes <= Argon2Hash.maximumWork
        else {
            throw ForeignSecret.Fault(
                "asks for too much: at most \(Argon2Hash.maximumMemoryKiB) KiB, 64 passes and 16 lanes are allowed"
            )
        }
        guard (8...64).contains(phc.salt.count), (16...64).contains(phc.hash.count) else {
            throw ForeignSecret.Fault("has a salt or hash of an unusual length")
        }
        self.variant = variant
        self.version = version
        self.memoryKiB = memory
        self.passes = passes
        self.lanes = lanes
        self.salt = phc.salt
        self.hash = phc.hash
    }

    func verify(_ password: Secret) throws(Argon2id.Failure) -> Bool {
        var hash = [UInt8](repeating: 0, count: self.hash.count)
        let code = password.withUnsafeBytes { password in
            self.salt.withUnsafeBytes { salt in
                hash.withUnsafeMutableBytes { hash in
                    argon2_hash(
                        UInt32(clamping: self.passes),
                        UInt32(clamping: self.memoryKiB),
                        UInt32(clamping: self.lanes),
                        password.baseAddress,
                        password.count,
                        salt.baseAddress,
                        salt.count,
                        hash.baseAddress,
                        hash.count,
                        nil,
                        0,
                        self.variant == .argon2id ? Argon2_id : Argon2_i,
                        UInt32(clamping: self.version)
                    )
                }
            }
        }
        guard code == ARGON2_OK.rawValue else {
            throw Argon2id.Failure(description: "Argon2: \(String(cString: argon2_error_message(code)))")
        }
        return ConstantTime.equals(hash, self.hash)
    }
}
