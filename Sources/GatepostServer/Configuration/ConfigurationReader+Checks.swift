internal import GatepostModel
internal import NIOSSL

/// What single keys cannot tell: values that do not fit together, and files that cannot be used.
extension ConfigurationReader {
    mutating func checkListeners(of configuration: Configuration) {
        for (index, listener) in configuration.listeners.enumerated() {
            guard listener.tls != .implicit, !listener.address.isLoopback else { continue }
            let path = self.node("listeners") == nil ? "listeners" : "listeners[\(index)].address"
            if configuration.authentication.cleartextWithoutTLS {
                self.fault(
                    "authentication.cleartextWithoutTLS",
                    "needs every listener without implicit TLS on a loopback address, and \(listener.address) is not"
                )
                return
            }
            if listener.tls == .none {
                self.warn(path, "\(listener.address) has no TLS and can be reached from other hosts")
            }
        }
    }

    /// Loads the certificate and the key exactly as the server does, and has them compared.
    mutating func checkCertificate(_ tls: Configuration.TLS) {
        guard !tls.certificate.isEmpty, !tls.key.isEmpty else { return }
        guard let chain = self.pem("tls.certificate", tls.certificate, holds: "CERTIFICATE"),
            let keyText = self.pem("tls.key", tls.key, holds: "PRIVATE KEY")
        else { return }
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(chain)
            let key: NIOSSLPrivateKey
            do {
                key = try NIOSSLPrivateKey(bytes: keyText, format: .pem)
            } catch {
                self.fault("tls.key", "\(tls.key) holds no private key that can be used (is it encrypted?)")
                return
            }
            do {
                _ = try NIOSSLContext(
                    configuration: .makeServerConfiguration(
                        certificateChain: certificates.map { .certificate($0) },
                        privateKey: .privateKey(key)
                    )
                )
            } catch {
                self.fault("tls.key", "\(tls.key) does not belong to the first certificate in \(tls.certificate)")
            }
        } catch {
            self.fault("tls.certificate", "\(tls.certificate) holds no certificate that can be read")
        }
    }

    private mutating func pem(_ path: String, _ file: String, holds label: String) -> [UInt8]? {
        do {
            let octets = try LocalFile.read(file)
            let text = String(decoding: octets, as: UTF8.self)
            guard text.contains("\(label)-----") else {
                let isSwapped = text.contains("-----BEGIN ")
                self.fault(
                    path,
                    "\(file) is no PEM file with a \(label.lowercased())"
                        + (isSwapped ? " (are certificate and key swapped?)" : "")
                )
                return nil
            }
            return octets
        } catch {
            self.fault(path, "\(error)")
            return nil
        }
    }
}
