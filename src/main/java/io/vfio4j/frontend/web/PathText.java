package io.vfio4j.frontend.web;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Names in addresses: percent-encoded UTF-8, decoded once and strictly. */
final class PathText {
    /** What stands for itself in a segment: RFC 3986, 3.3, without the quote, which HTML would have to escape. */
    private static final String PLAIN = "-._~:@!$*,;=";

    private static final int ASCII = 0x80;

    private PathText() {}

    /** What was asked for, without its query. */
    static String path(String uri) {
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }

    /** What stands between the slashes after the first one, still encoded; an empty one at the end for a slash there. */
    static List<String> segments(String path) {
        return List.of(path.substring(1).split("/", -1));
    }

    static String encoded(String name) {
        StringBuilder text = new StringBuilder();
        for (byte unit : name.getBytes(StandardCharsets.UTF_8)) {
            char character = (char) Byte.toUnsignedInt(unit);
            if (character < ASCII && (Character.isLetterOrDigit(character) || PLAIN.indexOf(character) >= 0)) {
                text.append(character);
            } else {
                text.append('%')
                        .append(Character.toUpperCase(Character.forDigit(character >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(character & 0xf, 16)));
            }
        }
        return text.toString();
    }

    /** Empty where it is not an encoding of anything. */
    static Optional<String> decoded(String segment) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(segment.length());
        for (int i = 0; i < segment.length(); i++) {
            char character = segment.charAt(i);
            if (character >= ASCII) {
                return Optional.empty();
            }
            if (character != '%') {
                bytes.write(character);
                continue;
            }
            if (i + 2 >= segment.length()) {
                return Optional.empty();
            }
            int high = Character.digit(segment.charAt(i + 1), 16);
            int low = Character.digit(segment.charAt(i + 2), 16);
            if (high < 0 || low < 0) {
                return Optional.empty();
            }
            bytes.write(high << 4 | low);
            i += 2;
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString());
        } catch (CharacterCodingException notUtf8) {
            return Optional.empty();
        }
    }
}
