package import GatepostModel
package import MailSyntax
internal import Synchronization

/// Counts what each device sent in the last hour. In memory: a restart forgets it.
package final class DeviceRates: Sendable {
    /// Whose messages are counted together: one device's, as far as its address tells.
    package struct Device: Hashable, Sendable {
        package var listener: String
        package var address: IPAddress?

        package init(listener: String, address: IPAddress?) {
            self.listener = listener
            self.address = address
        }
    }

    /// Twice as many are counted at most; the client lists of listeners are short.
    private static let devices = 5000

    private let usages = Mutex(GenerationTable<Device, SendingUsage>(capacity: DeviceRates.devices))
    /// Of which this one is a copy.
    private let original: DeviceRates?

    package init() {
        self.original = nil
    }

    private init(copyOf original: DeviceRates) {
        self.original = original
    }

    /// Begins where this one is, and counts for itself.
    package func copy() -> DeviceRates { DeviceRates(copyOf: self) }

    private func usage(of device: Device) -> SendingUsage? {
        self.usages.withLock { $0[device] } ?? self.original?.usage(of: device)
    }

    /// How long until a message fits; nil when one does now. Counts nothing.
    package func wait(for device: Device, limit: Int, now: Timestamp) -> Duration? {
        DeviceRates.wait(self.usage(of: device) ?? SendingUsage(), limit, now)
    }

    /// Counts a message, unless that would be more than the limit.
    ///
    /// - Returns: nil when it was counted, else how long until one fits.
    package func admit(_ device: Device, limit: Int, now: Timestamp) -> Duration? {
        let known = self.original?.usage(of: device)
        return self.usages.withLock { usages in
            var usage = usages[device] ?? known ?? SendingUsage()
            if let wait = DeviceRates.wait(usage, limit, now) { return wait }
            _ = usage.add(SendingAmount(messages: 1), now: now)
            usages.set(device, usage)
            return nil
        }
    }

    private static func wait(_ usage: SendingUsage, _ limit: Int, _ now: Timestamp) -> Duration? {
        let one = SendingAmount(messages: 1)
        guard let time = usage.time(.messagesPerHour, maximum: limit, fits: one, now: now) else {
            return .seconds(3600)
        }
        return time > now ? time - now : nil
    }
}
