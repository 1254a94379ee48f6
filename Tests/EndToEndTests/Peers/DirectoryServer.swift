import Glibc

/// OpenLDAP's slapd with a database of its own, on loopback and a Unix socket, with TLS and a password policy.
struct DirectoryServer: Sendable {
    static let base = "dc=gatepost,dc=test"
    static let people = "ou=people,\(base)"
    static let password = "pw one"
    /// May search, which nobody else may.
    static let searcher = "cn=gatepost,\(base)"
    static let searcherPassword = "search secret"

    let port: Int
    let tlsPort: Int
    private let folder: TemporaryFolder
    private let process: ChildProcess

    var url: String { "ldap://127.0.0.1:\(port)" }
    /// By address: libldap takes localhost for this machine's own name.
    var tlsURL: String { "ldaps://127.0.0.1:\(tlsPort)" }
    var socketURL: String { "ldapi://" + folder.path("ldapi").replacing("/", with: "%2F") }

    /// - Parameter earlier: one that has ended, whose database and ports are taken over.
    static func start(
        _ certificates: Certificates,
        again earlier: DirectoryServer? = nil
    ) async throws -> DirectoryServer {
        let folder = try earlier?.folder ?? TemporaryFolder("slapd")
        let ports = try earlier.map { [$0.port, $0.tlsPort] } ?? Loopback.freePorts(2)
        if earlier == nil {
            try folder.makeFolder("db")
            try folder.write("slapd.conf", configuration(folder, certificates))
            try folder.write("entries.ldif", entries)
            let load = try UnpackedServers.start(
                "slapd",
                ["slapadd", "-f", folder.path("slapd.conf"), "-l", folder.path("entries.ldif")],
                log: folder.path("slapadd")
            )
            let exit = try await load.waitForExit()
            guard exit == .code(0) else {
                throw ChildProcessError.failed(command: "slapadd", exit: exit, said: load.errors)
            }
        }
        let socket = "ldapi://" + folder.path("ldapi").replacing("/", with: "%2F")
        let process = try UnpackedServers.start(
            "slapd",
            [
                "slapd", "-d", "0", "-f", folder.path("slapd.conf"), "-h",
                "ldap://127.0.0.1:\(ports[0]) ldaps://127.0.0.1:\(ports[1]) \(socket)",
            ],
            log: folder.path("slapd")
        )
        for port in ports { try await Loopback.waitUntilAccepting("127.0.0.1", port, by: process) }
        return DirectoryServer(port: ports[0], tlsPort: ports[1], folder: folder, process: process)
    }

    func stop() async throws {
        process.letGoOfInput()
        _ = try await process.waitForExit()
    }

    private static func configuration(_ folder: TemporaryFolder, _ certificates: Certificates) -> String {
        """
        include /etc/ldap/schema/core.schema
        include /etc/ldap/schema/cosine.schema
        include /etc/ldap/schema/inetorgperson.schema
        modulepath /usr/lib/ldap
        moduleload back_mdb
        moduleload ppolicy
        pidfile \(folder.path("pid"))
        argsfile \(folder.path("args"))
        TLSCACertificateFile \(certificates.authority)
        TLSCertificateFile \(certificates.certificate)
        TLSCertificateKeyFile \(certificates.key)
        database mdb
        suffix "\(base)"
        directory \(folder.path("db"))
        maxsize 10485760
        overlay ppolicy
        ppolicy_default "cn=default,\(base)"
        ppolicy_use_lockout
        access to attrs=userPassword by anonymous auth by * none
        access to * by dn.exact="\(searcher)" read by * none

        """
    }

    private static let entries =
        """
        dn: \(base)
        objectClass: dcObject
        objectClass: organization
        o: Gatepost
        dc: gatepost

        dn: cn=default,\(base)
        objectClass: device
        objectClass: pwdPolicy
        cn: default
        pwdAttribute: userPassword
        pwdMustChange: TRUE
        pwdLockout: TRUE
        pwdMaxFailure: 1000

        dn: \(searcher)
        objectClass: organizationalRole
        objectClass: simpleSecurityObject
        cn: gatepost
        userPassword: \(searcherPassword)

        dn: \(people)
        objectClass: organizationalUnit
        ou: people


        """
        + [
            person("lena"), person("zoe"), person("locked") + "pwdAccountLockedTime: 000001010000Z\n",
            person("stale") + "pwdReset: TRUE\n", person("twin"), person("other-twin", mail: "twin"),
        ].joined(separator: "\n")

    private static func person(_ name: String, mail: String? = nil) -> String {
        """
        dn: uid=\(name),\(people)
        objectClass: inetOrgPerson
        uid: \(name)
        cn: \(name)
        sn: \(name)
        mail: \(mail ?? name)@gatepost.test
        userPassword: \(password)

        """
    }
}
