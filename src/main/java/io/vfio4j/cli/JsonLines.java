package io.vfio4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Prints one JSON object a line. An empty {@link Optional} is null; what is unsigned stays so. */
final class JsonLines {
    private final JsonFactory factory = new JsonFactory();
    private final PrintWriter out;

    JsonLines(PrintWriter out) {
        this.out = out;
    }

    /** An object whose members keep their order. */
    static Map<String, Object> object(String type) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("type", type);
        return members;
    }

    /** A 64-bit value of the kernel's, which is unsigned. */
    static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }

    void print(Map<String, ?> object) {
        StringWriter line = new StringWriter();
        try (JsonGenerator generator = factory.createGenerator(line)) {
            write(generator, object);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        out.print(line.append('\n'));
        out.flush();
    }

    private static void write(JsonGenerator generator, Object value) throws IOException {
        if (value instanceof Map<?, ?> members) {
            generator.writeStartObject();
            for (Map.Entry<?, ?> member : members.entrySet()) {
                generator.writeFieldName((String) member.getKey());
                write(generator, member.getValue());
            }
            generator.writeEndObject();
        } else if (value instanceof List<?> elements) {
            generator.writeStartArray();
            for (Object element : elements) {
                write(generator, element);
            }
            generator.writeEndArray();
        } else if (value instanceof Optional<?> optional) {
            writeOrNull(generator, optional);
        } else if (value instanceof OptionalLong optional) {
            writeOrNull(generator, optional.isPresent() ? Optional.of(optional.getAsLong()) : Optional.empty());
        } else if (value instanceof OptionalInt optional) {
            writeOrNull(generator, optional.isPresent() ? Optional.of(optional.getAsInt()) : Optional.empty());
        } else {
            writeScalar(generator, value);
        }
    }

    private static void writeOrNull(JsonGenerator generator, Optional<?> value) throws IOException {
        if (value.isPresent()) {
            write(generator, value.get());
        } else {
            generator.writeNull();
        }
    }

    private static void writeScalar(JsonGenerator generator, Object value) throws IOException {
        if (value instanceof Boolean truth) {
            generator.writeBoolean(truth);
        } else if (value instanceof Integer number) {
            generator.writeNumber(number);
        } else if (value instanceof Long number) {
            generator.writeNumber(number);
        } else if (value instanceof BigInteger number) {
            generator.writeNumber(number);
        } else if (value instanceof BigDecimal number) {
            generator.writeNumber(number);
        } else {
            generator.writeString(value.toString());
        }
    }
}
