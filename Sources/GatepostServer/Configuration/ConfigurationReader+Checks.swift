internal import GatepostModel
internal import NIOSSL

/// What single keys cannot tell: values that do not fit together, and files that cannot be used.
extension ConfigurationReader {
    mutating func checkListeners(of configuration: Configuration) {
        for (index, listener) in configuration.listeners.enumerated() {
            // Devices have a rule of their own, which is said at every start.
            // Nobody logs in at reception.
            guard listener.service != .device, listener.service != .reception, listener.tls != .implicit,
                !listener.address.isLoopback
            else { continue }
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
        self.checkPair(in: "tls", tls.certificate, tls.key)
    }

    /// The certificate to show to the relay, and its key.
    mutating func checkIdentity(of relay: Configuration.Relay) {
        self.checkPair(in: "delivery.relay", relay.certificate ?? "", relay.key ?? "")
    }

    private mutating func checkPair(in section: String, _ certificate: String, _ key: String) {
        guard !certificate.isEmpty, !key.isEmpty else { return }
        let (certificatePath, keyPath) = ("\(section).certificate", "\(section).key")
        guard let chain = self.pem(certificatePath, certificate, holds: "CERTIFICATE"),
            let keyText = self.pem(keyPath, key, holds: "PRIVATE KEY")
        else { return }
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(chain)
            let privateKey: NIOSSLPrivateKey
            do {
                privateKey = try NIOSSLPrivateKey(bytes: keyText, format: .pem)
            } catch {
                self.fault(keyPath, "\(key) holds no private key that can be used (is it encrypted?)")
                return
            }
            do {
                _ = try NIOSSLContext(
                    configuration: .makeServerConfiguration(
                        certificateChain: certificates.map { .certificate($0) },
                        privateKey: .privateKey(privateKey)
                    )
                )
            } catch {
                self.fault(keyPath, "\(key) does not belong to the first certificate in \(certificate)")
            }
        } catch {
            self.fault(certificatePath, "\(certificate) holds no certificate that can be read")
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
