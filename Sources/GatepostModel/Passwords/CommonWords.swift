/// What people choose most, the likeliest first, and the rows of keyboards.
enum CommonWords {
    static let maximumLength = 16

    /// By the word's code points: how many are likelier.
    static let rank: [[UInt32]: Int] = {
        var ranks: [[UInt32]: Int] = [:]
        for (rank, word) in CommonWords.list.split(whereSeparator: { $0 == " " || $0 == "\n" }).enumerated() {
            let scalars = word.unicodeScalars.map(\.value)
            if ranks[scalars] == nil { ranks[scalars] = rank }
        }
        return ranks
    }()

    static let keyboardRows: [[UInt32]] = {
        let rows = [
            "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm",
            "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()", "qazwsxedcrfvtgb", "789456123",
        ]
        return (rows + rows.map { String($0.reversed()) }).map { $0.unicodeScalars.map(\.value) }
    }()

    private static let list = """
        123456 password 123456789 12345678 12345 qwerty 111111 abc123 1234567 password1 123123 1234 admin iloveyou
        secret letmein welcome monkey dragon football baseball master login sunshine princess shadow superman michael
        trustno1 hello charlie freedom whatever qazwsx passw0rd starwars computer internet server mail email gatepost
        test testing tester guest root user default changeme pass word access system manager office service support
        killer pepper joshua jordan jennifer hunter hunter2 buster soccer harley batman andrew tigger robert daniel
        thomas hockey ranger george amanda jessica ginger hannah maggie william nicole chelsea matthew anthony ashley
        pencil summer winter spring autumn january february march april may june july august september october november
        december monday tuesday wednesday thursday friday saturday sunday love lover baby angel flower cookie banana
        orange apple cherry chocolate cheese coffee pizza butter bread sugar water fire earth wind storm thunder
        lightning silver golden diamond crystal purple yellow black white green blue red pink brown grey
        mustang ferrari porsche mercedes toyota honda yamaha suzuki corvette camaro jaguar tiger lion eagle falcon
        phoenix panther bear wolf fox dog cat horse bird fish snake rabbit mouse elephant turtle dolphin spider
        london paris berlin munich hamburg vienna madrid rome moscow newyork boston chicago dallas houston denver
        america canada mexico germany england france italy spain russia china japan india brazil australia
        liverpool arsenal chelsea barcelona juventus bayern madrid manchester united city real sport sports player
        money dollar business company private public personal network windows linux apple google amazon facebook
        twitter youtube yahoo microsoft samsung nokia sony nintendo pokemon minecraft fortnite roblox
        correct battery staple power energy nature forest mountain river ocean island beach garden castle house home
        family mother father sister brother friend friends girl boy man woman king queen prince knight wizard magic
        music guitar piano drummer singer dance dancer heart soul spirit dream dreamer star stars moon sky heaven
        hell devil demon ghost death life live peace war happy lucky smile crazy funny cool sexy hot cold
        big small good bad best first last new old one two three four five six seven eight nine ten zero
        alpha beta gamma delta omega sigma matrix zombie vampire ninja samurai warrior soldier sniper hacker pirate
        asdf asdfgh asdfghjkl qwertyuiop zxcvbnm 1q2w3e4r 1qaz2wsx q1w2e3r4 abcd1234 a1b2c3 aaaaaa 000000 696969 654321
        passwort kennwort geheim hallo sommer schatz passwd motdepasse bonjour soleil azerty contrasena hola
        amor parola ciao senha wachtwoord haslo heslo lozinka parole salasana losenord
        the and you that was for are with his they this have from not but what all were when your can said there
        use each which she how their will other about out many then them these some her would make like him into
        time has look more write see number way could people than been call who its now find long down day did get
        come made part over word work world great where help through much before line right too means any same tell
        think also around another came three small set put end does well large must even such because turn here
        why ask went men read need land different move try kind hand picture again change off play spell air away
        animal page letter answer found study still learn should every between own below country plant school never
        start light thought head under story saw left few while along might close something seem next hard open
        example begin always those both paper together got group often run important until children side feet car
        mile night walk white sea began grow took carry state once book hear stop without second later miss idea
        enough eat face watch far really almost let above girl sometimes cut young talk soon list song being leave
        """
}
