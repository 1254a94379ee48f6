/// The version of this build.
package enum ProductVersion {
    package static let current = "0.1.0"
}
