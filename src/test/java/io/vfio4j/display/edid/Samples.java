package io.vfio4j.display.edid;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** EDIDs of real monitors; where they are from is said beside them. */
final class Samples {
    static final List<String> NAMES =
            List.of("sony-crt", "amt-lcd", "lg-laptop", "sony-tv", "aoc-144", "amh-4k", "dell-doubled");

    private Samples() {}

    static byte[] bytes(String name) throws IOException {
        try (InputStream resource = Samples.class.getResourceAsStream(name + ".hex")) {
            String text = new String(resource.readAllBytes(), StandardCharsets.US_ASCII);
            String digits = text.lines().filter(line -> !line.startsWith("#")).collect(Collectors.joining());
            return HexFormat.of().parseHex(digits.replace(" ", ""));
        }
    }

    static Edid edid(String name) throws IOException {
        return Edid.parseLeniently(bytes(name));
    }
}
