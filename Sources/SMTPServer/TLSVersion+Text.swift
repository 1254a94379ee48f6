package import NIOSSL

extension TLSVersion {
    /// As records and logs have it: `1.3`.
    package var text: String {
        switch self {
        case .tlsv1: "1.0"
        case .tlsv11: "1.1"
        case .tlsv12: "1.2"
        case .tlsv13: "1.3"
        }
    }
}
