/// A dictionary that forgets what was not touched for long, so that it never holds more than twice its capacity.
///
/// What is touched moves into the young generation; when that is full it becomes the old one, and the old one is dropped. Every
/// operation takes constant time, whatever strangers put in.
package struct GenerationTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let capacity: Int

    package init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    package var count: Int { self.young.count + self.old.count }

    var entries: [(key: Key, value: Value)] {
        self.young.map { ($0.key, $0.value) } + self.old.map { ($0.key, $0.value) }
    }

    /// Looks without touching.
    package subscript(key: Key) -> Value? { self.young[key] ?? self.old[key] }

    package mutating func set(_ key: Key, _ value: Value) {
        self.old[key] = nil
        if self.young[key] == nil, self.young.count >= self.capacity {
            self.old = self.young
            self.young = [:]
        }
        self.young[key] = value
    }

    package mutating func remove(_ key: Key) {
        self.young[key] = nil
        self.old[key] = nil
    }

    package mutating func removeAll(where isUnwanted: (Key, Value) -> Bool) {
        self.young = self.young.filter { !isUnwanted($0.key, $0.value) }
        self.old = self.old.filter { !isUnwanted($0.key, $0.value) }
    }
}
