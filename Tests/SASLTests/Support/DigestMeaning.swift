@testable import SASL

/// What a message of DIGEST-MD5 says to its reader, apart from `charset`, which no digest covers and which says nothing about
/// ASCII. Two messages that mean nothing are never equal.
enum DigestMeaning: Equatable {
    case challenge(realms: [[UInt8]], nonce: [UInt8])
    case response(DigestMD5Response)
    case proof([UInt8])
    case nothing

    init(_ message: [UInt8]) {
        if var response = DigestMD5Response(parsing: message) {
            response.isUTF8 = false
            self = .response(response)
        } else if let challenge = DigestMD5Challenge(parsing: message) {
            self = .challenge(realms: challenge.realms, nonce: challenge.nonce)
        } else if let proof = DigestDirectives(parsing: message)?["rspauth"] {
            self = .proof(proof)
        } else {
            self = .nothing
        }
    }

    static func == (first: Self, second: Self) -> Bool {
        switch (first, second) {
        case (.challenge(let realms, let nonce), .challenge(let otherRealms, let otherNonce)):
            realms == otherRealms && nonce == otherNonce
        case (.response(let response), .response(let other)): response == other
        case (.proof(let proof), .proof(let other)): proof == other
        case (.challenge, _), (.response, _), (.proof, _), (.nothing, _): false
        }
    }
}
