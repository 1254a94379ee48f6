public import SASL
public import SMTP

/// The submission settings of a known mail provider, as the provider publishes them.
///
/// Providers change these; a probe of the server tells what holds today.
public struct Provider: Hashable, Sendable, Identifiable {
    /// Short name for commands and configuration: `gmail`.
    public var name: String
    public var displayName: String
    public var host: String
    public var port: Int
    public var tls: TransportSecurity
    /// What the server offers or the provider documents, some of which this library may not have.
    public var mechanisms: [MechanismName]
    /// What to log in with, and what has to be switched on before; one or two sentences for people.
    public var note: String
    /// Domains of addresses that belong to this provider; empty for those that serve other people's domains.
    public var domains: [String]

    public var id: String { self.name }
    public var endpoint: Endpoint { .tcp(host: self.host, port: self.port) }

    init(
        _ name: String,
        _ displayName: String,
        _ host: String,
        _ port: Int,
        _ tls: TransportSecurity,
        _ mechanisms: String,
        domains: [String] = [],
        _ note: String
    ) {
        self.name = name
        self.displayName = displayName
        self.host = host
        self.port = port
        self.tls = tls
        self.mechanisms = mechanisms.split(separator: " ").compactMap { MechanismName($0) }
        self.note = note
        self.domains = domains
    }

    /// The provider of that short name, or of that mail domain; compared without case.
    public static func named(_ name: String) -> Provider? {
        let name = name.lowercased()
        return self.all.first { $0.name == name } ?? self.all.first { $0.domains.contains(name) }
    }
}

extension Provider {
    /// All that are known, by name.
    public static let all: [Provider] = (mailboxes + services).sorted { $0.name < $1.name }

    private static let mailboxes: [Provider] = [
        Provider(
            "aol",
            "AOL Mail",
            "smtp.aol.com",
            465,
            .implicit,
            "PLAIN LOGIN XOAUTH2",
            domains: ["aol.com"],
            "Needs an app password made in the account's security settings; the account's own password is refused."
        ),
        Provider(
            "fastmail",
            "Fastmail",
            "smtp.fastmail.com",
            465,
            .implicit,
            "PLAIN LOGIN",
            domains: ["fastmail.com", "fastmail.fm"],
            "Needs an app password with SMTP access; the user name is the full address."
        ),
        Provider(
            "gmail",
            "Gmail and Google Workspace",
            "smtp.gmail.com",
            587,
            .required,
            "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER",
            domains: ["gmail.com", "googlemail.com"],
            "Needs an app password, which Google gives only to accounts with 2-step verification, or OAuth. A refusal 534 5.7.9 asks for one."
        ),
        Provider(
            "gmx",
            "GMX",
            "mail.gmx.net",
            587,
            .required,
            "LOGIN PLAIN",
            domains: ["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
            "POP3/IMAP access has to be switched on in the mailbox's settings; with two-factor login, an app password."
        ),
        Provider(
            "gmx-com",
            "GMX (gmx.com)",
            "mail.gmx.com",
            587,
            .required,
            "LOGIN PLAIN",
            domains: ["gmx.com", "gmx.us"],
            "POP3/IMAP access has to be switched on in the mailbox's settings."
        ),
        Provider(
            "icloud",
            "iCloud Mail",
            "smtp.mail.me.com",
            587,
            .required,
            "LOGIN PLAIN XOAUTH2",
            domains: ["icloud.com", "me.com", "mac.com"],
            "Needs an app-specific password from the Apple account; the user name is the iCloud address."
        ),
        Provider(
            "ionos",
            "IONOS",
            "smtp.ionos.de",
            587,
            .required,
            "LOGIN PLAIN",
            "The user name is the full address of a mailbox set up in the IONOS control panel. Outside Germany: smtp.ionos.com, .co.uk, .fr, .es."
        ),
        Provider(
            "mailbox.org",
            "mailbox.org",
            "smtp.mailbox.org",
            465,
            .implicit,
            "PLAIN LOGIN",
            domains: ["mailbox.org"],
            "With two-factor login, an application password; the user name is the main address."
        ),
        Provider(
            "microsoft365",
            "Microsoft 365 (Exchange Online)",
            "smtp.office365.com",
            587,
            .required,
            "LOGIN XOAUTH2",
            "SMTP AUTH has to be enabled for the tenant and the mailbox (else 535 5.7.139). Microsoft is switching passwords off in favour of OAuth (550 5.7.30)."
        ),
        Provider(
            "migadu",
            "Migadu",
            "smtp.migadu.com",
            465,
            .implicit,
            "PLAIN LOGIN",
            "The user name is the full address, the password that of the mailbox or identity."
        ),
        Provider(
            "outlook.com",
            "Outlook.com, Hotmail, Live",
            "smtp-mail.outlook.com",
            587,
            .required,
            "LOGIN XOAUTH2",
            domains: ["outlook.com", "hotmail.com", "live.com", "msn.com"],
            "Only OAuth: Microsoft has switched passwords and app passwords off for personal accounts."
        ),
        Provider(
            "posteo",
            "Posteo",
            "posteo.de",
            465,
            .implicit,
            "PLAIN LOGIN",
            domains: ["posteo.de", "posteo.net"],
            "The user name is the full address; not usable where additional mailbox protection forbids external programs."
        ),
        Provider(
            "proton",
            "Proton Mail",
            "smtp.protonmail.ch",
            587,
            .required,
            "PLAIN LOGIN",
            "Only with an SMTP token, made for an address of one's own domain on a paid plan; the user name is that address."
        ),
        Provider(
            "t-online",
            "Telekom",
            "securesmtp.t-online.de",
            465,
            .implicit,
            "PLAIN LOGIN",
            domains: ["t-online.de", "magenta.de"],
            "Needs the password for e-mail programs, which differs from the one for the customer centre."
        ),
        Provider(
            "web.de",
            "WEB.DE",
            "smtp.web.de",
            587,
            .required,
            "LOGIN PLAIN",
            domains: ["web.de"],
            "POP3/IMAP access has to be switched on in the mailbox's settings; with two-factor login, an app password."
        ),
        Provider(
            "yahoo",
            "Yahoo Mail",
            "smtp.mail.yahoo.com",
            465,
            .implicit,
            "PLAIN LOGIN XOAUTH2 OAUTHBEARER",
            domains: ["yahoo.com", "ymail.com", "rocketmail.com"],
            "Needs an app password made in the account's security settings, or OAuth; the account's own password is refused."
        ),
        Provider(
            "zoho",
            "Zoho Mail",
            "smtp.zoho.com",
            465,
            .implicit,
            "LOGIN PLAIN",
            domains: ["zoho.com", "zohomail.com"],
            "With two-factor login, an app password. Accounts of organisations use smtppro.zoho.com, European ones smtp.zoho.eu."
        ),
    ]

    private static let services: [Provider] = [
        Provider(
            "amazon-ses",
            "Amazon SES",
            "email-smtp.us-east-1.amazonaws.com",
            587,
            .required,
            "PLAIN LOGIN",
            "The host carries the region. Needs SMTP credentials made in the SES console: an access key's secret is refused (535)."
        ),
        Provider(
            "brevo",
            "Brevo",
            "smtp-relay.brevo.com",
            587,
            .required,
            "PLAIN LOGIN CRAM-MD5",
            "The user name is the SMTP login shown in the account, the password an SMTP key."
        ),
        Provider(
            "mailgun",
            "Mailgun",
            "smtp.mailgun.org",
            587,
            .required,
            "PLAIN LOGIN",
            "The user name is an SMTP user of the sending domain, such as postmaster@DOMAIN. EU domains: smtp.eu.mailgun.org."
        ),
        Provider(
            "mailjet",
            "Mailjet",
            "in-v3.mailjet.com",
            587,
            .required,
            "PLAIN LOGIN",
            "The user name is the API key, the password the secret key."
        ),
        Provider(
            "postmark",
            "Postmark",
            "smtp.postmarkapp.com",
            587,
            .required,
            "PLAIN LOGIN CRAM-MD5",
            "User name and password are both the server's API token, or the keys of an SMTP token."
        ),
        Provider(
            "sendgrid",
            "Twilio SendGrid",
            "smtp.sendgrid.net",
            587,
            .required,
            "PLAIN LOGIN",
            "The user name is the word \"apikey\", the password an API key with Mail Send access."
        ),
        Provider(
            "sparkpost",
            "SparkPost",
            "smtp.sparkpostmail.com",
            587,
            .required,
            "PLAIN LOGIN",
            "The user name is \"SMTP_Injection\", the password an API key. EU accounts: smtp.eu.sparkpostmail.com."
        ),
    ]
}
