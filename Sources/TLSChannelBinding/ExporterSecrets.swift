public import NIOCore
internal import Synchronization

/// Catches the TLS 1.3 exporter secret of each handshake out of a context's key log, until its connection takes it.
///
/// swift-nio-ssl has no exporter yet. Its key log callback names each secret by the client's random, which tells whose it is. All
/// other secrets are dropped at once, and a secret that is taken or pushed out is gone.
public final class ExporterSecrets: Sendable {
    /// Handshakes that broke off leave theirs behind; more than this and the oldest goes.
    private static let maximumEntries = 1024

    private struct State {
        var secrets: [[UInt8]: [UInt8]] = [:]
        var order: [[UInt8]] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// For `TLSConfiguration.keyLogCallback`: one line of NSS key log.
    public func record(_ line: ByteBuffer) {
        let words = line.readableBytesView.split(separator: UInt8(ascii: " "))
        guard words.count == 3, words[0].elementsEqual("EXPORTER_SECRET".utf8),
            let random = Self.octets(words[1]), let secret = Self.octets(words[2])
        else { return }
        self.state.withLock { state in
            if state.order.count >= Self.maximumEntries {
                let oldest = state.order.removeFirst()
                state.secrets[oldest] = nil
            }
            state.secrets[random] = secret
            state.order.append(random)
        }
    }

    /// The secret of the connection whose client sent this random; once only.
    package func take(clientRandom: [UInt8]) -> [UInt8]? {
        self.state.withLock { state in
            guard let secret = state.secrets.removeValue(forKey: clientRandom) else { return nil }
            if let index = state.order.firstIndex(of: clientRandom) { state.order.remove(at: index) }
            return secret
        }
    }

    private static func octets(_ hexadecimal: ByteBufferView) -> [UInt8]? {
        var octets: [UInt8] = []
        var high: UInt8?
        for digit in hexadecimal {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            case 0x41...0x46: value = digit - 0x41 + 10
            case 0x0a, 0x0d: continue
            default: return nil
            }
            if let first = high {
                octets.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil && !octets.isEmpty ? octets : nil
    }
}
