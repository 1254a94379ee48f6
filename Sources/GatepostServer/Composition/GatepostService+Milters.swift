internal import GatepostModel
internal import Logging

extension GatepostService {
    /// Said at every start: what sees the mail besides this server.
    func sayWhoFilters() {
        for milter in self.configuration.milters {
            let traffic = milter.traffic.map(\.rawValue).sorted().joined(separator: ", ")
            self.logger.notice(
                "mail goes through a filter",
                metadata: [
                    "milter": "\(milter.name)", "socket": "\(milter.socket)", "for": "\(traffic)",
                    "onFailure": "\(milter.onFailure.rawValue)",
                ]
            )
        }
    }
}
