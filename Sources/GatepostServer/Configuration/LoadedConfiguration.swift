package import GatepostModel

/// A configuration that was read, checked and can be run with.
package struct LoadedConfiguration: Sendable {
    /// One effective value, as `config show` prints it; secrets are masked.
    package struct Setting: Sendable, Hashable {
        package var key: String
        package var value: String
        package var origin: ConfigurationFault.Origin

        package init(key: String, value: String, origin: ConfigurationFault.Origin) {
            self.key = key
            self.value = value
            self.origin = origin
        }
    }

    package var configuration: Configuration
    /// The absolute path of the file.
    package var file: String
    /// What is allowed but probably not meant; to be logged at start.
    package var warnings: [ConfigurationFault]
    package var settings: [Setting]

    package init(
        configuration: Configuration,
        file: String,
        warnings: [ConfigurationFault] = [],
        settings: [Setting] = []
    ) {
        self.configuration = configuration
        self.file = file
        self.warnings = warnings
        self.settings = settings
    }
}
