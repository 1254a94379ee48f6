/// The RC4 stream cipher; unwraps the session key that a client chose, where it did (MS-NLMP §3.4.5.1).
enum RC4 {
    /// Encrypts or decrypts, which is the same. An empty key leaves the data as it is.
    static func apply(key: [UInt8], to data: some Collection<UInt8>) -> [UInt8] {
        guard !key.isEmpty else { return Array(data) }
        var state = (0...255).map { UInt8($0) }
        var j: UInt8 = 0
        for i in 0..<256 {
            j = j &+ state[i] &+ key[i % key.count]
            state.swapAt(i, Int(j))
        }
        var i: UInt8 = 0
        j = 0
        return data.map { octet in
            i = i &+ 1
            j = j &+ state[Int(i)]
            state.swapAt(Int(i), Int(j))
            return octet ^ state[Int(state[Int(i)] &+ state[Int(j)])]
        }
    }
}
