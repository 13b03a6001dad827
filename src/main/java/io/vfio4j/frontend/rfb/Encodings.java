package io.vfio4j.frontend.rfb;

import java.util.List;
import java.util.OptionalInt;

/**
 * What a client said of the encodings it knows, as far as pictures are concerned: RFC 6143, 7.7, and the registered ones beyond it.
 *
 * @param picture of those that the server has, the one that the client named first; Raw where it named none
 * @param canMove whether it knows CopyRect
 * @param cursor whether it knows Cursor
 * @param alphaCursor whether it knows Cursor With Alpha
 * @param compressionLevel 0 to 9
 * @param jpegQuality 0 to 100; empty where it has not allowed JPEG
 */
record Encodings(
        int picture,
        boolean canMove,
        boolean cursor,
        boolean alphaCursor,
        int compressionLevel,
        OptionalInt jpegQuality) {
    static final int RAW = 0;
    static final int COPY_RECT = 1;
    static final int ZLIB = 6;
    static final int TIGHT = 7;
    static final int ZRLE = 16;
    static final int CURSOR = -239;
    static final int CURSOR_WITH_ALPHA = -314;

    private static final int LEAST_COMPRESSION = -256;
    private static final int MOST_COMPRESSION = -247;
    private static final int LEAST_QUALITY = -32;
    private static final int MOST_QUALITY = -23;
    private static final int LEAST_FINE_QUALITY = -512;
    private static final int MOST_FINE_QUALITY = -412;

    /** The quickest; clients that would rather wait say so. */
    private static final int COMPRESSION_OF_THE_SILENT = 1;

    /** What the ten coarse levels mean as JPEG's own quality, in the implementations that brought the fine ones. */
    private static final int[] QUALITIES = {15, 29, 41, 42, 62, 77, 79, 86, 92, 100};

    /** Of a client that has said nothing yet. */
    static final Encodings NONE = of(List.of());

    static Encodings of(List<Integer> named) {
        int picture = named.stream().filter(Encodings::isPicture).findFirst().orElse(RAW);
        int compression = COMPRESSION_OF_THE_SILENT;
        OptionalInt coarse = OptionalInt.empty();
        OptionalInt fine = OptionalInt.empty();
        for (int encoding : named) {
            if (encoding >= LEAST_COMPRESSION && encoding <= MOST_COMPRESSION) {
                compression = encoding - LEAST_COMPRESSION;
            } else if (encoding >= LEAST_QUALITY && encoding <= MOST_QUALITY) {
                coarse = OptionalInt.of(QUALITIES[encoding - LEAST_QUALITY]);
            } else if (encoding >= LEAST_FINE_QUALITY && encoding <= MOST_FINE_QUALITY) {
                fine = OptionalInt.of(encoding - LEAST_FINE_QUALITY);
            }
        }
        return new Encodings(
                picture,
                named.contains(COPY_RECT),
                named.contains(CURSOR),
                named.contains(CURSOR_WITH_ALPHA),
                compression,
                fine.isPresent() ? fine : coarse);
    }

    /** What is chosen of them is called. */
    String pictureName() {
        return switch (picture) {
            case ZLIB -> "Zlib";
            case TIGHT -> "Tight";
            case ZRLE -> "ZRLE";
            default -> "Raw";
        };
    }

    private static boolean isPicture(int encoding) {
        return encoding == RAW || encoding == ZLIB || encoding == TIGHT || encoding == ZRLE;
    }
}
