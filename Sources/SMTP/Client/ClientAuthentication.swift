internal import MailSyntax
internal import SASL

/// The client's side of AUTH (RFC 4954 §4): goes through the mechanisms, strongest first.
///
/// The next mechanism is tried only when the server objects to the mechanism (504, 534, 538), or when the mechanism itself could not use
/// the credentials, of which nothing was sent then. After a `535` it is not: a wrong password would become one failure for each mechanism,
/// and the account would be locked sooner.
struct ClientAuthentication: Sendable {
    enum Step: Sendable {
        /// A line to send, and how it is shown in a transcript.
        case send([UInt8], shown: String)
        case succeeded
        case failed(ClientSessionFailure.Reason)
    }

    /// Longest AUTH line with its CRLF; RFC 4954 §4 keeps the limit of RFC 5321 §4.5.3.1.4 for this one line.
    static let maximumCommandOctets = 512
    /// More challenges than any mechanism has; a server that goes on is not to keep us.
    private static let maximumChallenges = 16

    private let credentials: ClientCredentials
    private let nonce: @Sendable () -> [UInt8]
    private let offered: [MechanismName]
    private let channelBindings: ChannelBindings
    private let hostname: String?
    /// Mechanisms not yet tried.
    private var candidates: [MechanismName]
    private var mechanism: (any ClientMechanism)?
    /// The initial response when it did not fit into the AUTH line.
    private var deferredResponse: [UInt8]?
    private var challenges = 0
    /// Set once `*` was sent.
    private var cancellation: ClientFailure?

    /// - Parameters:
    ///   - offered: What the server offers.
    ///   - candidates: Those of them to use, in order.
    ///   - hostname: The server's name as the user gave it.
    init(
        _ credentials: ClientCredentials,
        offered: [MechanismName],
        candidates: [MechanismName],
        channelBindings: ChannelBindings = .none,
        hostname: String? = nil,
        nonce: @escaping @Sendable () -> [UInt8]
    ) {
        self.credentials = credentials
        self.offered = offered
        self.channelBindings = channelBindings
        self.hostname = hostname
        self.candidates = candidates
        self.nonce = nonce
    }

    /// What the server said inside the exchange about a token that it refuses (RFC 7628 §3.2.2).
    var serverError: String? { self.mechanism?.serverError }

    mutating func start() -> Step {
        while !self.candidates.isEmpty {
            let name = self.candidates.removeFirst()
            guard
                var mechanism = ClientMechanisms.make(
                    name,
                    credentials: self.credentials,
                    nonce: self.nonce(),
                    channelBindings: self.channelBindings,
                    offered: self.offered,
                    hostname: self.hostname
                )
            else { continue }
            let initialResponse = mechanism.start()
            self.mechanism = mechanism
            self.challenges = 0
            var line = Array("AUTH \(name)".utf8)
            var shown = "AUTH \(name)"
            if case .present(let response) = initialResponse {
                let text = response.isEmpty ? [ASCII.equals] : Base64.encode(response)
                if line.count + 1 + text.count + 2 <= Self.maximumCommandOctets {
                    line.append(ASCII.space)
                    line += text
                    shown += " ****"
                } else {
                    self.deferredResponse = response
                }
            }
            line.append("\r\n")
            return .send(line, shown: shown)
        }
        return .failed(.noUsableMechanism(offered: self.offered))
    }

    mutating func received(_ reply: Reply) -> Step {
        guard var mechanism = self.mechanism else { return .failed(.unexpectedReply) }
        if let cancellation {
            self.cancellation = nil
            if cancellation.reason == .unusableCredentials, reply.isPermanent, !self.candidates.isEmpty {
                let step = self.start()
                if case .send = step { return step }
            }
            return .failed(.authenticationAborted(mechanism.name, cancellation))
        }
        switch reply.code {
        case 334:
            let step = self.receivedChallenge(reply, &mechanism)
            self.mechanism = mechanism
            return step
        case 235:
            return self.receivedSuccess(reply, mechanism)
        case 504, 534, 538:
            // 534 to a clear-text password is about the password ("application-specific password required"), and LOGIN would carry the same one.
            if reply.code == 534, mechanism.name.revealsPassword { self.candidates.removeAll(where: \.revealsPassword) }
            self.deferredResponse = nil
            let step = self.start()
            if case .failed = step { return .failed(.authenticationRefused(mechanism.name)) }
            return step
        case 432, 500...599:
            // 432 asks for a change of the password, which nobody here makes (RFC 4954 §6).
            return .failed(.authenticationRefused(mechanism.name))
        case 400...499:
            return .failed(.authenticationUnavailable(mechanism.name))
        default:
            return .failed(.unexpectedReply)
        }
    }

    private mutating func receivedChallenge(_ reply: Reply, _ mechanism: inout any ClientMechanism) -> Step {
        self.challenges += 1
        guard self.challenges <= Self.maximumChallenges else { return self.cancel(ClientFailure(.outOfSequence)) }
        if let response = self.deferredResponse {
            self.deferredResponse = nil
            return self.respond(response)
        }
        // A blank after the base64 is what some servers leave there; anything else is not base64 (RFC 4954 §4).
        let text = reply.lines.first ?? ""
        guard reply.lines.count <= 1, let challenge = Base64.decode(text.utf8.prefix { $0 != ASCII.space }) else {
            return self.cancel(ClientFailure(.malformedChallenge))
        }
        switch mechanism.received(challenge: challenge) {
        case .respond(let response): return self.respond(response)
        case .failed(let failure): return self.cancel(failure)
        }
    }

    private func receivedSuccess(_ reply: Reply, _ mechanism: any ClientMechanism) -> Step {
        var withoutData = mechanism
        let outcome = withoutData.receivedSuccess(finalData: nil)
        guard case .failed(let failure) = outcome else { return .succeeded }
        // The mechanism lacks something: some servers put the final data into the text of the 235 (RFC 4954 §4 leaves no place for it).
        // Tried second, since any word may happen to be base64.
        for word in reply.text.utf8.split(separator: ASCII.space) {
            guard let data = Base64.decode(word) else { continue }
            var withData = mechanism
            if withData.receivedSuccess(finalData: data) == .succeeded { return .succeeded }
        }
        return .failed(.authenticationAborted(mechanism.name, failure))
    }

    private func respond(_ response: [UInt8]) -> Step {
        var line = Base64.encode(response)
        line.append("\r\n")
        return .send(line, shown: "****")
    }

    private mutating func cancel(_ failure: ClientFailure) -> Step {
        self.cancellation = failure
        return .send(Array("*\r\n".utf8), shown: "*")
    }
}
