/// What a filter may do to a message (`mfapi.h`, `SMFIF_…`; libmilter's `xxfi_negotiate`).
public struct MilterActions: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Add header fields and insert them (`SMFIF_ADDHDRS`).
    public static let addHeaders = MilterActions(rawValue: 0x1)
    /// Put another body in the place of the body (`SMFIF_CHGBODY`).
    public static let replaceBody = MilterActions(rawValue: 0x2)
    /// Add recipients (`SMFIF_ADDRCPT`).
    public static let addRecipients = MilterActions(rawValue: 0x4)
    /// Remove recipients (`SMFIF_DELRCPT`).
    public static let removeRecipients = MilterActions(rawValue: 0x8)
    /// Change and delete header fields (`SMFIF_CHGHDRS`).
    public static let changeHeaders = MilterActions(rawValue: 0x10)
    /// Have the message held (`SMFIF_QUARANTINE`).
    public static let quarantine = MilterActions(rawValue: 0x20)
    /// Change the envelope's sender (`SMFIF_CHGFROM`).
    public static let changeSender = MilterActions(rawValue: 0x40)
    /// Add recipients with parameters (`SMFIF_ADDRCPT_PAR`).
    public static let addRecipientsWithParameters = MilterActions(rawValue: 0x80)
    /// Say in the negotiation which macros it wants (`SMFIF_SETSYMLIST`).
    public static let chooseMacros = MilterActions(rawValue: 0x100)

    /// All of protocol version 6.
    public static let all = MilterActions(rawValue: 0x1FF)
}

/// Which steps of the protocol are left out, which are not answered, and what else both sides understand (`mfdef.h`, `SMFIP_…`).
///
/// In the offer a bit says that we can do without; in the filter's answer, that it is so.
public struct MilterSteps: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `SMFIP_NOCONNECT`: no CONNECT is sent.
    public static let noConnect = MilterSteps(rawValue: 0x1)
    /// `SMFIP_NOHELO`
    public static let noHelo = MilterSteps(rawValue: 0x2)
    /// `SMFIP_NOMAIL`
    public static let noMail = MilterSteps(rawValue: 0x4)
    /// `SMFIP_NORCPT`
    public static let noRecipients = MilterSteps(rawValue: 0x8)
    /// `SMFIP_NOBODY`
    public static let noBody = MilterSteps(rawValue: 0x10)
    /// `SMFIP_NOHDRS`
    public static let noHeaders = MilterSteps(rawValue: 0x20)
    /// `SMFIP_NOEOH`
    public static let noEndOfHeaders = MilterSteps(rawValue: 0x40)
    /// `SMFIP_NR_HDR`: HEADER is not answered.
    public static let noReplyToHeaders = MilterSteps(rawValue: 0x80)
    /// `SMFIP_NOUNKNOWN`
    public static let noUnknown = MilterSteps(rawValue: 0x100)
    /// `SMFIP_NODATA`
    public static let noData = MilterSteps(rawValue: 0x200)
    /// `SMFIP_SKIP`: the filter may ask for no more of the body.
    public static let skip = MilterSteps(rawValue: 0x400)
    /// `SMFIP_RCPT_REJ`: recipients that we refuse are told too.
    public static let rejectedRecipients = MilterSteps(rawValue: 0x800)
    /// `SMFIP_NR_CONN`
    public static let noReplyToConnect = MilterSteps(rawValue: 0x1000)
    /// `SMFIP_NR_HELO`
    public static let noReplyToHelo = MilterSteps(rawValue: 0x2000)
    /// `SMFIP_NR_MAIL`
    public static let noReplyToMail = MilterSteps(rawValue: 0x4000)
    /// `SMFIP_NR_RCPT`
    public static let noReplyToRecipients = MilterSteps(rawValue: 0x8000)
    /// `SMFIP_NR_DATA`
    public static let noReplyToData = MilterSteps(rawValue: 0x1_0000)
    /// `SMFIP_NR_UNKN`
    public static let noReplyToUnknown = MilterSteps(rawValue: 0x2_0000)
    /// `SMFIP_NR_EOH`
    public static let noReplyToEndOfHeaders = MilterSteps(rawValue: 0x4_0000)
    /// `SMFIP_NR_BODY`
    public static let noReplyToBody = MilterSteps(rawValue: 0x8_0000)
    /// `SMFIP_HDR_LEADSPC`: the white space behind a field's colon is part of its value, both ways. Without it one blank is taken
    /// away, and one put back.
    public static let leadingSpace = MilterSteps(rawValue: 0x10_0000)
    /// `SMFIP_MDS_256K`: a packet's data may have 262,143 octets.
    public static let data256K = MilterSteps(rawValue: 0x1000_0000)
    /// `SMFIP_MDS_1M`: a packet's data may have 1,048,575 octets.
    public static let data1M = MilterSteps(rawValue: 0x2000_0000)

    /// All of protocol version 6 but the larger packets, which libmilter knows only in experimental builds.
    public static let all = MilterSteps(rawValue: 0x1F_FFFF)
    /// What MTA and libmilter settle between themselves. A filter that sends them back unasked changes nothing by it.
    static let internalOptions = MilterSteps(rawValue: 0x7000_0000)
}

/// Version, actions and steps: our offer, and what is agreed on.
public struct MilterOptions: Hashable, Sendable {
    /// Of the protocol.
    public var version: UInt32
    /// What the filter may do.
    public var actions: MilterActions
    /// What is left out and what is not answered.
    public var steps: MilterSteps

    /// The version that is offered.
    public static let currentVersion: UInt32 = 6

    /// Creates options; the defaults are an offer of everything.
    public init(
        version: UInt32 = MilterOptions.currentVersion,
        actions: MilterActions = .all,
        steps: MilterSteps = .all
    ) {
        self.version = version
        self.actions = actions
        self.steps = steps
    }

    /// The most octets of a command's data: 65,535, or what both sides said.
    public var maximumDataOctets: Int {
        if self.steps.contains(.data1M) { return (1 << 20) - 1 }
        return self.steps.contains(.data256K) ? (256 << 10) - 1 : (64 << 10) - 1
    }
}
