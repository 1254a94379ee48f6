extension Configuration {
    /// A mail filter that speaks sendmail's milter protocol.
    package struct Milter: Sendable, Hashable {
        /// Where it listens.
        package enum Socket: Sendable, Hashable, CustomStringConvertible {
            case unix(path: String)
            case tcp(host: String, port: Int)

            package var description: String {
                switch self {
                case .unix(let path): "unix:\(path)"
                case .tcp(let host, let port): host.contains(":") ? "inet:[\(host)]:\(port)" : "inet:\(host):\(port)"
                }
            }
        }

        /// Which mail it sees.
        package enum Traffic: String, Sendable, Hashable, CaseIterable {
            case submission
            case reception
        }

        /// What becomes of mail that it cannot be asked about.
        package enum FailureAction: String, Sendable, Hashable, CaseIterable {
            case accept
            case tempfail
            case reject
        }

        package struct Timeouts: Sendable, Hashable {
            /// Until the connection stands and the protocol is agreed on.
            package var connect: Duration = .seconds(30)
            /// For the answer to a step of the envelope.
            package var command: Duration = .seconds(30)
            /// For the answer to a header field or a piece of the body.
            package var content: Duration = .seconds(30)
            /// For the next packet at the end of a message.
            package var endOfMessage: Duration = .seconds(300)
            /// From the end of a message to the answer, however often the filter says that it is at work.
            package var longest: Duration = .seconds(540)

            package init() {}
        }

        /// In logs, in the rule of the audit trail (`milter-NAME`), in `queue show`.
        package var name: String
        package var socket: Socket
        package var traffic: Set<Traffic>
        package var timeouts: Timeouts
        package var onFailure: FailureAction

        package init(
            name: String,
            socket: Socket,
            traffic: Set<Traffic> = [.submission, .reception],
            timeouts: Timeouts = Timeouts(),
            onFailure: FailureAction = .tempfail
        ) {
            self.name = name
            self.socket = socket
            self.traffic = traffic
            self.timeouts = timeouts
            self.onFailure = onFailure
        }

        /// The code of the rule by which it refuses or holds.
        package var rule: String { "milter-\(self.name)" }
    }
}
