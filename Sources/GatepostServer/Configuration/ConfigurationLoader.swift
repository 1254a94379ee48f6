internal import GatepostModel

/// Reads the configuration file, the environment, and the files that they name.
package enum ConfigurationLoader {
    /// A configuration is a page or two; more than this is not one.
    private static let maximumOctets = 1_048_576

    /// Loads everything that `serve` needs to know before it opens its stores.
    ///
    /// - Parameter checkingCertificate: Whether certificate, key and key table are loaded too; a command that only looks at the stores may not be
    ///   allowed to read them.
    /// - Throws: ``ConfigurationFaults`` with all faults, or ``LocalFile/Failure`` when the file itself cannot be read.
    package static func load(
        file: String,
        environment: [String: String],
        checkingCertificate: Bool = true
    ) throws -> LoadedConfiguration {
        let path = LocalFile.absolute(file)
        let octets = try LocalFile.read(path, limit: ConfigurationLoader.maximumOctets)
        guard let text = String(validating: octets, as: UTF8.self) else {
            throw ConfigurationFaults([
                ConfigurationFault(
                    origin: .file(file, line: ConfigurationLoader.lineOfBadUTF8(octets), column: 1),
                    key: nil,
                    problem: "is not UTF-8 text"
                )
            ])
        }
        return try ConfigurationLoader.load(
            text: text,
            name: file,
            file: path,
            environment: environment,
            checkingCertificate: checkingCertificate
        )
    }

    /// - Parameters:
    ///   - name: What faults call the file.
    ///   - file: Its absolute path; relative paths in it start from its directory.
    package static func load(
        text: String,
        name: String,
        file: String,
        environment: [String: String],
        checkingCertificate: Bool = true
    ) throws(ConfigurationFaults) -> LoadedConfiguration {
        let root = try ConfigurationNode.parse(text, file: name)
        var reader = ConfigurationReader(
            root: root,
            directory: LocalFile.directory(of: file),
            environment: environment
        )
        guard reader.checkRoot() else { throw ConfigurationFaults(reader.faults) }
        reader.applyOverrides()
        reader.checkKeys()
        let configuration = reader.configuration()
        reader.checkListeners(of: configuration)
        reader.checkReception(of: configuration)
        if checkingCertificate {
            reader.checkCertificate(configuration.tls)
            reader.checkKeytab(configuration.authentication.kerberos)
            reader.checkLibraries()
            if case .relay(let relay) = configuration.delivery.route { reader.checkIdentity(of: relay) }
        }
        guard reader.faults.isEmpty else { throw ConfigurationFaults(reader.faults.withoutConsequences.inFileOrder) }
        return LoadedConfiguration(
            configuration: configuration,
            file: file,
            warnings: reader.warnings.inFileOrder,
            settings: reader.settings
        )
    }

    private static func lineOfBadUTF8(_ octets: [UInt8]) -> Int {
        var line = 1
        for part in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return 1
    }
}

extension [ConfigurationFault] {
    /// Without those about absent keys that are there, misspelt.
    fileprivate var withoutConsequences: [ConfigurationFault] {
        let meant = Set(
            self.compactMap { fault -> String? in
                guard fault.problem == ConfigurationFault.unknownKey, let key = fault.key, let name = fault.suggestion
                else { return nil }
                return key.lastIndex(of: ".").map { "\(key[..<$0]).\(name)" } ?? name
            }
        )
        return self.filter { fault in
            guard let key = fault.key, meant.contains(key) else { return true }
            return !fault.problem.hasPrefix("is required")
        }
    }

    /// As the lines come in the file; what comes from elsewhere stands last. One key with two faults is told once of each.
    fileprivate var inFileOrder: [ConfigurationFault] {
        func place(_ element: (offset: Int, element: ConfigurationFault)) -> (Int, Int, Int) {
            guard case .file(_, let line, let column) = element.element.origin else { return (.max, 0, element.offset) }
            return (line, column, element.offset)
        }
        var seen: Set<ConfigurationFault> = []
        return self.enumerated()
            .filter { seen.insert($0.element).inserted }
            .sorted { place($0) < place($1) }
            .map(\.element)
    }
}
