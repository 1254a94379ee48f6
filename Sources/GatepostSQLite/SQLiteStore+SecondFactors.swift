package import GatepostModel

extension SQLiteStore {
    package func secondFactor(of address: String) async throws -> SecondFactor? {
        try await self.reader.readOne { connection in
            let statement = try connection.statement(
                """
                SELECT sealed, algorithm, digits, period, confirmed, last_step,
                    (SELECT count(*) FROM recovery_code WHERE recovery_code.account = second_factor.account)
                FROM second_factor WHERE account = (SELECT id FROM account WHERE address = ?1)
                """
            )
            statement.bind(1, address)
            return try statement.first { row in
                guard let algorithm = TOTP.Algorithm(rawValue: row.text(1)),
                    let parameters = TOTP.Parameters(
                        algorithm: algorithm,
                        digits: row.int(2),
                        period: row.int(3)
                    )
                else { throw StoreError(.damaged, "the second factor of \(address) cannot be read") }
                return SecondFactor(
                    sealedSecret: row.octets(0),
                    parameters: parameters,
                    isConfirmed: row.bool(4),
                    lastStep: row.optionalInt64(5),
                    recoveryCodes: row.int(6)
                )
            }
        }
    }

    package func setSecondFactor(_ factor: SecondFactor, of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.accountKey(address) else { return false }
            try connection.removeSecondFactor(of: account)
            let statement = try connection.statement(
                "INSERT INTO second_factor (account, sealed, algorithm, digits, period) VALUES (?1, ?2, ?3, ?4, ?5)"
            )
            statement.bind(1, account)
            statement.bind(2, factor.sealedSecret)
            statement.bind(3, factor.parameters.algorithm.rawValue)
            statement.bind(4, factor.parameters.digits)
            statement.bind(5, factor.parameters.period)
            try statement.run()
            return true
        }
    }

    package func confirmSecondFactor(
        of address: String,
        step: Int64,
        recoveryCodes: [[UInt8]]
    ) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.accountKey(address) else { return false }
            let statement = try connection.statement(
                "UPDATE second_factor SET confirmed = 1, last_step = ?2 WHERE account = ?1 AND NOT confirmed"
            )
            statement.bind(1, account)
            statement.bind(2, step)
            try statement.run()
            guard connection.changes > 0 else { return false }
            let insertion = try connection.statement(
                "INSERT INTO recovery_code (account, digest) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            )
            for code in recoveryCodes {
                insertion.bind(1, account)
                insertion.bind(2, code)
                try insertion.run()
            }
            return true
        }
    }

    package func removeSecondFactor(of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            guard let account = try connection.accountKey(address) else { return false }
            return try connection.removeSecondFactor(of: account)
        }
    }

    package func useStep(_ step: Int64, of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                """
                UPDATE second_factor SET last_step = ?2
                WHERE account = (SELECT id FROM account WHERE address = ?1) AND (last_step IS NULL OR last_step < ?2)
                """
            )
            statement.bind(1, address)
            statement.bind(2, step)
            try statement.run()
            return connection.changes > 0
        }
    }

    package func useRecoveryCode(_ digest: [UInt8], of address: String) async throws -> Bool {
        try await self.writer.perform { connection, _ in
            let statement = try connection.statement(
                "DELETE FROM recovery_code WHERE account = (SELECT id FROM account WHERE address = ?1) AND digest = ?2"
            )
            statement.bind(1, address)
            statement.bind(2, digest)
            try statement.run()
            return connection.changes > 0
        }
    }
}

extension Connection {
    @discardableResult
    fileprivate func removeSecondFactor(of account: Int64) throws -> Bool {
        let codes = try self.statement("DELETE FROM recovery_code WHERE account = ?1")
        codes.bind(1, account)
        try codes.run()
        let factor = try self.statement("DELETE FROM second_factor WHERE account = ?1")
        factor.bind(1, account)
        try factor.run()
        return self.changes > 0
    }
}
