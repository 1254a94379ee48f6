extension Schema {
    static let reports = """
        -- kind: as ReportKind says. begins, ends, received: milliseconds since 1970. content: the document, by gzip.
        CREATE TABLE report (
            kind TEXT NOT NULL,
            domain TEXT NOT NULL,
            organization TEXT NOT NULL,
            identifier TEXT NOT NULL,
            begins INTEGER NOT NULL,
            ends INTEGER NOT NULL,
            received INTEGER NOT NULL,
            content BLOB NOT NULL
        );
        CREATE UNIQUE INDEX report_identifier ON report (kind, domain, organization, identifier);
        CREATE INDEX report_time ON report (kind, domain, ends);

        -- What is to be reported to others. day: since 1970, in UTC. rows: how many of dmarc_observation.
        CREATE TABLE dmarc_day (
            domain TEXT NOT NULL,
            day INTEGER NOT NULL,
            record TEXT NOT NULL,
            rows INTEGER NOT NULL,
            PRIMARY KEY (day, domain)
        ) WITHOUT ROWID;
        CREATE TABLE dmarc_observation (
            domain TEXT NOT NULL,
            day INTEGER NOT NULL,
            row BLOB NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (day, domain, row)
        ) WITHOUT ROWID;
        """
}
