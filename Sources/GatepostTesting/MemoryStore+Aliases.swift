package import GatepostModel

extension MemoryStore: AliasStore {
    package func isLocal(domain: String) throws -> Bool {
        try self.beginLook()
        return self.domainNames.contains(domain)
    }

    package func alias(_ address: String) -> Alias? { self.aliasesByAddress[address] }

    package func setAlias(_ alias: Alias) throws -> Bool {
        try self.beginChange()
        return self.aliasesByAddress.updateValue(alias, forKey: alias.address) == nil
    }

    package func removeAlias(_ address: String) throws -> Bool {
        try self.beginChange()
        return self.aliasesByAddress.removeValue(forKey: address) != nil
    }

    package func aliases(after address: String?, limit: Int) -> [Alias] {
        let sorted = self.aliasesByAddress.values.sorted { $0.address < $1.address }
        return Array(sorted.filter { $0.address > address ?? "" }.prefix(max(0, limit)))
    }
}
