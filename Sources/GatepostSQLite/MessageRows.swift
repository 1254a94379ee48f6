internal import GatepostModel
internal import MailSyntax
internal import SMTP

/// How values of the model lie in columns.
extension Envelope {
    /// ret: 0 absent, 1 full, 2 headers.
    var storedReturn: Int {
        switch self.ret {
        case nil: 0
        case .full: 1
        case .headers: 2
        }
    }

    /// 1 8BITMIME, 2 SMTPUTF8, 4 the reverse-path is not proved.
    var storedFlags: Int {
        (self.body == .eightBitMIME ? 1 : 0) | (self.isSMTPUTF8 ? 2 : 0) | (self.isReversePathProved ? 0 : 4)
    }

    init(reversePath: String, envid: String?, ret: Int, flags: Int) throws {
        let path: ReversePath
        do {
            path = reversePath.isEmpty ? .null : .mailbox(try Mailbox(parsing: reversePath))
        } catch {
            throw StoreError(.damaged, "a reverse-path in the queue is none")
        }
        self.init(
            reversePath: path,
            envid: envid,
            ret: ret == 1 ? .full : ret == 2 ? .headers : nil,
            body: flags & 1 != 0 ? .eightBitMIME : .sevenBit,
            isSMTPUTF8: flags & 2 != 0,
            isReversePathProved: flags & 4 == 0
        )
    }
}

extension ForwardPath {
    /// Empty for the bare postmaster.
    var stored: String { self.mailbox?.description ?? "" }

    init(stored: String) throws {
        do {
            self = stored.isEmpty ? .postmaster : .mailbox(try Mailbox(parsing: stored))
        } catch {
            throw StoreError(.damaged, "a forward-path in the queue is none")
        }
    }
}

extension EnvelopeRecipient {
    /// From four columns that begin at `first`: forward_path, notify, orcpt_type, orcpt.
    init(_ row: PreparedStatement, first: Int32) throws {
        let type = row.optionalText(first + 2)
        self.init(
            forwardPath: try ForwardPath(stored: row.text(first)),
            notify: row.optionalInt64(first + 1).map { DSNNotify(rawValue: UInt8(truncatingIfNeeded: $0)) },
            originalRecipient: type.map { OriginalRecipient(addressType: $0, address: row.text(first + 3)) }
        )
    }
}

/// The columns of a message that lists and leases need.
struct MessageRow {
    static let columns =
        "key, tail, reverse_path, envid, ret, flags, size, account, received, subject, inbox, hold_reason"

    var key: Int64
    var identifier: MessageIdentifier
    var envelope: Envelope
    var size: Int
    var account: String?
    var received: Timestamp
    var subject: String?
    var inbox: String?
    var holdReason: String?

    /// From the columns of ``columns``, in that order, at the start of the row.
    init(_ row: PreparedStatement) throws {
        self.key = row.int64(0)
        self.identifier = MessageIdentifier(storedKey: row.int64(0), storedTail: row.int64(1))
        self.envelope = try Envelope(
            reversePath: row.text(2),
            envid: row.optionalText(3),
            ret: row.int(4),
            flags: row.int(5)
        )
        self.size = row.int(6)
        self.account = row.optionalText(7)
        self.received = Timestamp(milliseconds: row.int64(8))
        self.subject = row.optionalText(9)
        self.inbox = row.optionalText(10)
        self.holdReason = row.optionalText(11)
    }
}
