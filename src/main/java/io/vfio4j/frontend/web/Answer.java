package io.vfio4j.frontend.web;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a request gets. */
record Answer(HttpResponseStatus status, Map<String, String> headers, byte[] body) {
    /**
     * Nothing but what is here: no script in a page, nothing from elsewhere, nobody's frame. Pictures may be data: noVNC shows JPEG and
     * cursors so.
     */
    private static final String CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
            + "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final String NEVER_KEPT = "no-store";
    /** Kept, but asked for again each time, which costs a 304. */
    private static final String CHECKED = "no-cache";

    private static Answer of(HttpResponseStatus status, String type, String caching, byte[] body) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("content-type", type);
        headers.put("cache-control", caching);
        return new Answer(status, headers, body);
    }

    static Answer page(HttpResponseStatus status, String html) {
        return of(status, "text/html; charset=utf-8", NEVER_KEPT, html.getBytes(StandardCharsets.UTF_8));
    }

    static Answer json(HttpResponseStatus status, byte[] json) {
        return of(status, "application/json", NEVER_KEPT, json);
    }

    static Answer text(String type, String text) {
        return of(HttpResponseStatus.OK, type, NEVER_KEPT, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Something that has not changed as long as its tag has not. */
    static Answer tagged(String type, byte[] body, String etag) {
        return of(HttpResponseStatus.OK, type, CHECKED, body).with("etag", etag);
    }

    static Answer notModified(String etag) {
        return new Answer(HttpResponseStatus.NOT_MODIFIED, Map.of("etag", etag, "cache-control", CHECKED), new byte[0]);
    }

    static Answer movedTo(String path) {
        return of(HttpResponseStatus.PERMANENT_REDIRECT, "text/plain; charset=utf-8", CHECKED, new byte[0])
                .with("location", path);
    }

    Answer with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Answer(status, more, body);
    }

    FullHttpResponse response() {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
        headers.forEach(response.headers()::set);
        response.headers()
                .set(HttpHeaderNames.CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
                .set("x-content-type-options", "nosniff")
                .set("x-frame-options", "DENY")
                .set("referrer-policy", "no-referrer")
                .set("cross-origin-resource-policy", "same-origin")
                .set("cross-origin-opener-policy", "same-origin");
        if (!status.equals(HttpResponseStatus.NOT_MODIFIED)) {
            response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
        }
        return response;
    }
}
