package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledOnOs(OS.WINDOWS)
class PasswordFileTest {
    @TempDir
    private Path directory;

    private final StringWriter err = new StringWriter();
    private Path file;

    @BeforeEach
    void create() throws IOException {
        file = directory.resolve("password");
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private char[] read(byte[] content) throws IOException {
        Files.write(file, content);
        return new PasswordFile(file).read(new PrintWriter(err));
    }

    private String refusal(byte[] content) {
        return assertThrows(IOException.class, () -> read(content)).getMessage();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"secret", "secret\n", "secret\r\n", "secret\n\n"})
    void theLineIsThePassword(String content) throws IOException {
        assertArrayEquals("secret".toCharArray(), read(utf8(content)));
        assertEquals("", err.toString());
    }

    @Test
    void spacesAndOtherLettersAreKept() throws IOException {
        assertArrayEquals(" gr\u00fcn ".toCharArray(), read(utf8(" gr\u00fcn \n")));
    }

    @Test
    void whatIsNoPasswordIsRefusedWithoutShowingIt() {
        assertTrue(refusal(utf8("")).endsWith("password: it is empty; its line is the password"));
        assertTrue(refusal(utf8("\nsecret")).endsWith("it has more than one line"));
        String two = refusal(utf8("secret\nsecond"));
        assertTrue(two.endsWith("it has more than one line") && !two.contains("secret"), two);
        assertTrue(refusal(new byte[] {(byte) 0xff, 'a'}).endsWith("it is no UTF-8 text"));
        assertTrue(refusal(new byte[1025]).endsWith("it has more than 1024 bytes, as no password has"));
    }

    @Test
    void aFileThatIsNotThereIsSaidToBeSo() {
        PasswordFile none = new PasswordFile(directory.resolve("none"));
        String why = assertThrows(IOException.class, () -> none.read(new PrintWriter(err)))
                .getMessage();
        assertEquals("no password can be read from " + directory.resolve("none") + ": there is no such file", why);
        PasswordFile folder = new PasswordFile(directory);
        why = assertThrows(IOException.class, () -> folder.read(new PrintWriter(err)))
                .getMessage();
        assertTrue(why.endsWith(": it is a directory"), why);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r--r--", "rw----r--", "rw--w----"})
    void otherPeoplesAccessIsWarnedOf(String permissions) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        assertArrayEquals("secret".toCharArray(), read(utf8("secret")));
        String warning = err.toString();
        assertTrue(warning.startsWith("vfio4j: warning: others have access to the password in " + file), warning);
        assertTrue(warning.contains("chmod 600"), warning);
        assertFalse(warning.contains("secret"), warning);
    }
}
