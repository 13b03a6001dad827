package io.vfio4j.frontend.web;

import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Whom the server talks to. */
final class Gate {
    private static final Pattern HOST = Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(:\\d{1,5})?");
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]");
    private static final String BASIC = "basic ";

    private final boolean loopback;
    private final Optional<WebPassword> password;

    Gate(boolean loopback, Optional<WebPassword> password) {
        this.loopback = loopback;
        this.password = password;
    }

    /** Why a request is refused, whatever it asks for. */
    Optional<Refusal> refusal(HttpRequest request) {
        return malformed(request).or(() -> foreign(request)).or(() -> wrongMethod(request));
    }

    private static Optional<Refusal> malformed(HttpRequest request) {
        DecoderResult result = request.decoderResult();
        if (result.isFailure()) {
            if (result.cause() instanceof TooLongHttpLineException) {
                return refuse(HttpResponseStatus.REQUEST_URI_TOO_LONG, "The address is too long.");
            }
            if (result.cause() instanceof TooLongHttpHeaderException) {
                return refuse(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too long.");
            }
            return refuse(HttpResponseStatus.BAD_REQUEST, "This is no HTTP request.");
        }
        if (!request.uri().startsWith("/")) {
            return refuse(HttpResponseStatus.BAD_REQUEST, "Only what begins with / can be asked for here.");
        }
        List<String> lengths = request.headers().getAll(HttpHeaderNames.CONTENT_LENGTH);
        if (request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING)
                || !lengths.stream().allMatch("0"::equals)) {
            return refuse(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "Nothing can be sent here, only asked for.");
        }
        return Optional.empty();
    }

    /**
     * A page from elsewhere can have its own name resolve to a loopback address, and then read what is served there as if it were its
     * own; but the name in the request remains its own.
     */
    private Optional<Refusal> foreign(HttpRequest request) {
        List<String> hosts = request.headers().getAll(HttpHeaderNames.HOST);
        if (hosts.size() != 1 || !HOST.matcher(hosts.get(0)).matches()) {
            return refuse(HttpResponseStatus.BAD_REQUEST, "The request does not say which host it is for.");
        }
        String name = hosts.get(0).replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT);
        if (loopback && !LOOPBACK.matcher(name).matches()) {
            return refuse(
                    HttpResponseStatus.MISDIRECTED_REQUEST,
                    "This server is for this machine alone; call it localhost or 127.0.0.1, not " + name + ".");
        }
        return Optional.empty();
    }

    private static Optional<Refusal> wrongMethod(HttpRequest request) {
        return request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD)
                ? Optional.empty()
                : refuse(HttpResponseStatus.METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.");
    }

    private static Optional<Refusal> refuse(HttpResponseStatus status, String sentence) {
        return Optional.of(new Refusal(status, sentence));
    }

    /** Whether who asks has said the password, where there is one. */
    boolean knowsPassword(HttpRequest request) {
        return password.map(wanted -> offered(request).filter(wanted::matches).isPresent())
                .orElse(true);
    }

    /** Whether who asks has said any password. */
    static boolean triesPassword(HttpRequest request) {
        return request.headers().contains(HttpHeaderNames.AUTHORIZATION);
    }

    /** The password out of {@code user:password} in Base64: RFC 7617. The user's name may be any. */
    private static Optional<byte[]> offered(HttpRequest request) {
        String header = request.headers().get(HttpHeaderNames.AUTHORIZATION, "");
        if (!header.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
            return Optional.empty();
        }
        try {
            byte[] pair =
                    Base64.getDecoder().decode(header.substring(BASIC.length()).strip());
            String text = new String(pair, StandardCharsets.UTF_8);
            int colon = text.indexOf(':');
            return colon < 0
                    ? Optional.empty()
                    : Optional.of(text.substring(colon + 1).getBytes(StandardCharsets.UTF_8));
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    /**
     * Whether a WebSocket may be opened: browsers let any page open one, so they say which page it is. Programs that are no browsers say
     * nothing, and could connect as they like anyway.
     */
    static boolean isSameOrigin(HttpRequest request) {
        List<String> origins = request.headers().getAll(HttpHeaderNames.ORIGIN);
        String host = request.headers().get(HttpHeaderNames.HOST, "").toLowerCase(Locale.ROOT);
        return origins.isEmpty()
                || origins.size() == 1
                        && !host.isEmpty()
                        && List.of("http://" + host, "https://" + host)
                                .contains(origins.get(0).toLowerCase(Locale.ROOT));
    }
}
