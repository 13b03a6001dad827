package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A client that others wrote: native/test/rfb_client.c, which says what it takes. */
final class LibVncClient {
    private static final Path PROGRAM = Path.of(System.getProperty("io.vfio4j.peers", "target/peers"), "rfb_client");

    /**
     * What it saw.
     *
     * @param numbers by name
     * @param picture the client's numbers
     * @param shape the cursor's, and a byte of mask for each
     */
    record Seen(Map<String, Long> numbers, ClientPixelFormat format, int[] picture, byte[] shape) {
        long number(String name) {
            return numbers.get(name);
        }
    }

    private LibVncClient() {}

    /** How it has so many bits. */
    static ClientPixelFormat format(int bits) {
        return switch (bits) {
            case 8 -> new ClientPixelFormat(8, 8, false, true, 7, 7, 3, 0, 3, 6);
            case 16 -> new ClientPixelFormat(16, 15, false, true, 31, 31, 31, 0, 5, 10);
            default -> new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 0, 8, 16);
        };
    }

    static Seen run(Path directory, int port, int bits, String... options) throws IOException, InterruptedException {
        assertTrue(Files.isExecutable(PROGRAM), PROGRAM + " is missing; scripts/test --only peers builds it");
        Path picture = directory.resolve("picture");
        Path shape = directory.resolve("shape");
        Path output = directory.resolve("output");
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(
                List.of(PROGRAM.toString(), "127.0.0.1", Integer.toString(port), "--bits", Integer.toString(bits)));
        command.addAll(List.of("--picture", picture.toString(), "--shape", shape.toString()));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(log.toFile())
                .start();
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it does not end");
        } finally {
            process.destroyForcibly();
        }
        assertEquals(0, process.exitValue(), () -> text(log));
        Map<String, Long> numbers = new HashMap<>();
        for (String word : text(output).strip().split("\\s+")) {
            numbers.put(word.substring(0, word.indexOf('=')), Long.valueOf(word.substring(word.indexOf('=') + 1)));
        }
        return new Seen(
                numbers, format(bits), numbers(Files.readAllBytes(picture), bits / 8), Files.readAllBytes(shape));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            return unreadable.toString();
        }
    }

    /** In the order of this machine's bytes, as libvncclient keeps them. */
    static int[] numbers(byte[] bytes, int bytesPerPixel) {
        ByteBuffer memory = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int[] numbers = new int[bytes.length / bytesPerPixel];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = switch (bytesPerPixel) {
                case 1 -> memory.get(i) & 0xff;
                case 2 -> memory.getShort(i * 2) & 0xffff;
                default -> memory.getInt(i * 4) & 0xffffff;
            };
        }
        return numbers;
    }
}
