package io.vfio4j.frontend.web;

import java.util.HexFormat;
import java.util.Map;

/** A file that is part of the program, as it is served. */
record WebFile(String type, byte[] bytes, String etag) {
    private static final int ETAG_BYTES = 12;

    /** By the end of the name; what is not named here is text, which no browser runs. */
    private static final Map<String, String> TYPES = Map.of(
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml");

    static WebFile of(String name, byte[] bytes) {
        String end = name.substring(name.lastIndexOf('.') + 1);
        String etag = '"' + HexFormat.of().formatHex(WebPassword.sha256(bytes), 0, ETAG_BYTES) + '"';
        return new WebFile(TYPES.getOrDefault(end, "text/plain; charset=utf-8"), bytes, etag);
    }
}
