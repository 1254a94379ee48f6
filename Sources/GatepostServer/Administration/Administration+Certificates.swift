internal import GatepostModel

extension Administration {
    func answerAboutCertificates(_ request: AdministrationRequest) async throws -> AdministrationResponse {
        switch request {
        case .addCertificate(let name, let record):
            let address = try await self.canonicalAddress(name)
            try self.checkName(record.name)
            guard let fingerprint = CertificateRecord.octets(record.fingerprint) else {
                throw AdministrationFailure(.invalid, "the certificate's fingerprint cannot be read")
            }
            let before = try await self.existing(address)
            let certificate = RegisteredCertificate(
                fingerprint: fingerprint,
                name: record.name,
                subject: record.subject,
                expires: record.expires,
                added: self.clock.now()
            )
            switch try await self.accounts.addCertificate(certificate, to: address) {
            case .added:
                await self.hooks.accountChanged(before)
                return .done("\(address): certificate '\(record.name)' (\(record.subject)) logs in with EXTERNAL")
            case .noAccount:
                throw self.unknownAccount(address)
            case .exists:
                let owner = try await self.accounts.certificateOwner(fingerprint: fingerprint)
                throw AdministrationFailure(
                    .exists,
                    owner.map { "this key stands for \($0) already" }
                        ?? "\(address) has a certificate '\(record.name)' already"
                )
            }
        case .removeCertificate(let name, let wanted):
            let address = try await self.canonicalAddress(name)
            let before = try await self.existing(address)
            let fingerprint = CertificateRecord.octets(wanted)
            let known = try await self.accounts.certificates(of: address)
            guard let certificate = known.first(where: { $0.name == wanted || $0.fingerprint == fingerprint }),
                try await self.accounts.removeCertificate(fingerprint: certificate.fingerprint, from: address)
            else {
                throw AdministrationFailure(
                    .notFound,
                    "\(address) has no certificate '\(wanted)'",
                    hint: known.isEmpty ? nil : "It has \(known.map { "'\($0.name)'" }.joined(separator: ", "))."
                )
            }
            await self.hooks.accountChanged(before)
            return .done("\(address): certificate '\(certificate.name)' removed")
        default:
            throw AdministrationFailure(.invalid, "not a request about certificates")
        }
    }
}
