internal import MailSyntax

extension MilterSession.Event {
    /// What an event needs, and when it is left out or not answered.
    struct Plan {
        var question: MilterSession.Question
        var stage: MilterStage?
        /// With this agreed on, the event is not told.
        var omission: MilterSteps
        /// With this agreed on, it is not answered.
        var silence: MilterSteps
    }

    var plan: Plan {
        switch self {
        case .connect: Plan(question: .connect, stage: .connect, omission: .noConnect, silence: .noReplyToConnect)
        case .helo: Plan(question: .helo, stage: .helo, omission: .noHelo, silence: .noReplyToHelo)
        case .mail: Plan(question: .mail, stage: .mail, omission: .noMail, silence: .noReplyToMail)
        case .recipient(_, _, let isRejected):
            Plan(
                question: .recipient(isRejected: isRejected),
                stage: .recipient,
                omission: .noRecipients,
                silence: .noReplyToRecipients
            )
        case .data: Plan(question: .data, stage: .data, omission: .noData, silence: .noReplyToData)
        case .header: Plan(question: .header, stage: nil, omission: .noHeaders, silence: .noReplyToHeaders)
        case .endOfHeaders:
            Plan(
                question: .endOfHeaders,
                stage: .endOfHeaders,
                omission: .noEndOfHeaders,
                silence: .noReplyToEndOfHeaders
            )
        case .body: Plan(question: .body, stage: nil, omission: .noBody, silence: .noReplyToBody)
        case .endOfMessage: Plan(question: .endOfMessage, stage: .endOfMessage, omission: [], silence: [])
        case .unknown: Plan(question: .unknown, stage: nil, omission: .noUnknown, silence: .noReplyToUnknown)
        }
    }

    var command: MilterCommand {
        switch self {
        case .connect(let name, let peer): .connect(name: name, peer)
        case .helo(let name): .helo(name)
        case .mail(let path, let parameters): .mail(path, parameters: parameters)
        case .recipient(let path, let parameters, _): .recipient(path, parameters: parameters)
        case .data: .data
        case .header(let field): .header(name: field.name, value: field.value)
        case .endOfHeaders: .endOfHeaders
        case .body(let octets): .body(octets)
        case .endOfMessage: .endOfMessage
        case .unknown(let line): .unknown(line)
        }
    }

    var name: String {
        switch self {
        case .connect: "connect"
        case .helo: "helo"
        case .mail: "mail"
        case .recipient: "recipient"
        case .data: "data"
        case .header: "header"
        case .endOfHeaders: "end of headers"
        case .body: "body"
        case .endOfMessage: "end of message"
        case .unknown: "unknown command"
        }
    }
}

extension MilterResponse {
    /// For details of failures.
    var name: String {
        switch self {
        case .negotiated: "the negotiation"
        case .proceed: "continue"
        case .accept: "accept"
        case .reject: "reject"
        case .temporaryFailure: "tempfail"
        case .discard: "discard"
        case .reply: "a reply"
        case .skip: "skip"
        case .progress: "progress"
        case .connectionFailure: "connection failure"
        case .shutdown: "shutdown"
        case .change: "a change"
        case .body: "a body"
        }
    }
}
