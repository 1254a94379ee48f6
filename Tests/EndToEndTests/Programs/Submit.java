import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import javax.mail.Session;
import javax.mail.Transport;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeMessage;

/**
 * Submit PORT starttls|implicit TRUSTSTORE MECHANISM USER SENDER RECIPIENT FILE: Java Mail as a program uses it.
 *
 * <p>The password or the token is in SUBMIT_PASSWORD. Mechanisms that Java Mail lacks come from the Java platform's SASL.
 * Prints the dialog; exits 1 when the server refused something.
 */
public final class Submit {
    public static void main(String[] arguments) throws Exception {
        String port = arguments[0], transport = arguments[1], mechanism = arguments[3];
        String user = arguments[4], sender = arguments[5], recipient = arguments[6];
        System.setProperty("javax.net.ssl.trustStore", arguments[2]);
        System.setProperty("javax.net.ssl.trustStorePassword", "public");
        if (System.getenv("SUBMIT_KEYSTORE") != null) {
            System.setProperty("javax.net.ssl.keyStore", System.getenv("SUBMIT_KEYSTORE"));
            System.setProperty("javax.net.ssl.keyStorePassword", "public");
        }
        Properties settings = new Properties();
        settings.setProperty("mail.smtp.host", "localhost");
        settings.setProperty("mail.smtp.port", port);
        settings.setProperty("mail.smtp.timeout", "30000");
        settings.setProperty("mail.smtp.auth", "true");
        settings.setProperty("mail.smtp.allow8bitmime", "true");
        settings.setProperty("mail.smtp.ssl.checkserveridentity", "true");
        settings.setProperty("mail.smtp.auth.mechanisms", mechanism);
        if (mechanism.equals("CRAM-MD5") || mechanism.equals("EXTERNAL")) {
            settings.setProperty("mail.smtp.sasl.enable", "true");
            settings.setProperty("mail.smtp.sasl.mechanisms", mechanism);
        }
        settings.setProperty("mail.smtp." + (transport.equals("starttls") ? "starttls.required" : "ssl.enable"), "true");
        if (transport.equals("starttls")) {
            settings.setProperty("mail.smtp.starttls.enable", "true");
        }
        Session session = Session.getInstance(settings);
        session.setDebug(true);
        session.setDebugOut(System.out);
        try (Transport server = session.getTransport("smtp");
                var file = Files.newInputStream(Path.of(arguments[7]))) {
            server.connect("localhost", user, System.getenv("SUBMIT_PASSWORD"));
            MimeMessage message = new MimeMessage(session, file);
            server.sendMessage(message, new InternetAddress[] {new InternetAddress(recipient)});
        } catch (javax.mail.MessagingException fault) {
            System.out.println(fault);
            System.exit(1);
        }
    }
}
