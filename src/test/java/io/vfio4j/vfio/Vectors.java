package io.vfio4j.vfio;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** The byte vectors of the display irq: what a kernel of each dialect writes, and what it is given. */
public record Vectors(List<Row> rows) {

    /** One row: who, which call, what bytes. */
    public record Row(List<String> dialects, String call, String bytes) {
        /** The bytes; a row whose bytes end in "-" says what is written, not what follows. */
        public byte[] toBytes() {
            return HexFormat.of().parseHex(bytes.replace("-", "").replace(" ", ""));
        }
    }

    public static Vectors load() {
        try (InputStream in =
                        Objects.requireNonNull(Vectors.class.getResourceAsStream("/io/vfio4j/irq-info-vectors.txt"));
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return new Vectors(reader.lines()
                    .filter(line -> !line.startsWith("#") && !line.isBlank())
                    .map(line -> line.split("\\|", 3))
                    .map(cells -> new Row(
                            Arrays.stream(cells[0].split(",")).map(String::trim).toList(),
                            cells[1].trim(),
                            cells[2].trim()))
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public byte[] bytes(String dialect, String call) {
        return rows.stream()
                .filter(row -> row.dialects().contains(dialect) && row.call().equals(call))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no vector for " + dialect + ": " + call))
                .toBytes();
    }
}
