#if PAM
internal import CPAM
internal import Glibc
internal import SASL

/// Answers what the modules ask the user: the password where nothing of the answer is to be shown, and nothing else.
final class PAMConversation {
    /// A stack that asks for ever is given up.
    private static let maximumPrompts = 8

    private let password: Secret
    private var prompts = 0
    /// What was asked and has no answer here, for the log.
    private(set) var strangeQuestion: String?

    /// - Parameter password: No NUL in it.
    init(password: Secret) {
        self.password = password
    }

    var hasGivenPassword: Bool { self.prompts > 0 }

    /// For `pam_start`; the conversation must outlive the transaction.
    var callback: pam_conv {
        pam_conv(
            conv: { count, messages, responses, data in
                guard let data, let messages, let responses else { return PAM_CONV_ERR }
                let conversation = Unmanaged<PAMConversation>.fromOpaque(data).takeUnretainedValue()
                return conversation.answer(Int(count), messages, responses)
            },
            appdata_ptr: Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// libpam and its modules free the array and each answer (pam_conv(3)), so both come from malloc.
    private func answer(
        _ count: Int,
        _ messages: UnsafeMutablePointer<UnsafePointer<pam_message>?>,
        _ responses: UnsafeMutablePointer<UnsafeMutablePointer<pam_response>?>
    ) -> Int32 {
        responses.pointee = nil
        guard (1...Int(PAM_MAX_NUM_MSG)).contains(count),
            let memory = calloc(count, MemoryLayout<pam_response>.stride)
        else { return PAM_CONV_ERR }
        let answers = memory.bindMemory(to: pam_response.self, capacity: count)
        for index in 0..<count {
            let isAnswered = self.answer(messages[index], &answers[index])
            guard isAnswered else {
                self.release(answers, index)
                return PAM_CONV_ERR
            }
        }
        responses.pointee = answers
        return PAM_SUCCESS
    }

    private func answer(_ message: UnsafePointer<pam_message>?, _ response: inout pam_response) -> Bool {
        guard let message else { return false }
        switch message.pointee.msg_style {
        case PAM_TEXT_INFO, PAM_ERROR_MSG:
            return true
        case PAM_PROMPT_ECHO_OFF:
            self.prompts += 1
            guard self.prompts <= PAMConversation.maximumPrompts else { return false }
            response.resp = self.copyOfPassword()
            return response.resp != nil
        default:
            self.strangeQuestion = message.pointee.msg.map { String(cString: $0) } ?? "style \(message.pointee.msg_style)"
            return false
        }
    }

    private func copyOfPassword() -> UnsafeMutablePointer<CChar>? {
        let count = self.password.count
        guard let memory = malloc(count + 1) else { return nil }
        self.password.withUnsafeBytes { octets in
            if let base = octets.baseAddress { memcpy(memory, base, count) }
        }
        memory.storeBytes(of: 0, toByteOffset: count, as: CChar.self)
        return memory.bindMemory(to: CChar.self, capacity: count + 1)
    }

    /// Of answers that nobody will take.
    private func release(_ answers: UnsafeMutablePointer<pam_response>, _ count: Int) {
        for index in 0..<count {
            guard let answer = answers[index].resp else { continue }
            explicit_bzero(answer, strlen(answer))
            free(answer)
        }
        free(answers)
    }
}
#endif
