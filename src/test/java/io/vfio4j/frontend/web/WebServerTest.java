package io.vfio4j.frontend.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbPassword;
import io.vfio4j.frontend.rfb.RfbService;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WebServerTest {
    private static final String NAME = "emulated:v5:idle";
    private static final String SCREEN = "/screens/" + NAME + "/";
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final String KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";

    private final FrontendThreads threads = new FrontendThreads();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> errors = Collections.synchronizedList(new ArrayList<>());
    private final WebOptions options =
            WebOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause));

    @AfterEach
    void everythingEnds() throws Exception {
        Collections.reverse(open);
        for (AutoCloseable each : open) {
            each.close();
        }
        threads.close();
        assertEquals(List.of(), errors);
    }

    private Served served(String name) throws IOException {
        Served served = Served.small(name, threads);
        open.add(served);
        return served;
    }

    private WebServer serve(WebOptions chosen, WebScreen... screens) throws IOException {
        WebServer server = WebServer.start(List.of(screens), ANY_PORT, chosen, threads);
        open.add(server);
        return server;
    }

    private WebServer serveOne() throws IOException {
        return serve(options, emptyWeb(NAME, RfbOptions.DEFAULTS));
    }

    /** A screen with nothing behind it. */
    private LiveScreen empty(String name) {
        LiveScreen screen = LiveScreen.named(name, LiveOptions.DEFAULTS);
        open.add(screen);
        return screen;
    }

    private WebScreen emptyWeb(String name, RfbOptions rfb) {
        LiveScreen screen = empty(name);
        return new WebScreen(screen, new RfbService(screen, rfb, threads));
    }

    private static Map<String, String> onlyObject(String json) throws IOException {
        Map<String, String> members = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isScalarValue()) {
                    assertEquals(null, members.put(parser.currentName(), parser.getText()), "twice");
                }
            }
        }
        return members;
    }

    /** A busy machine needs time, not a number of tries. */
    private static boolean isEarly(long start) {
        return System.nanoTime() - start < Duration.ofSeconds(20).toNanos();
    }

    private static void awaitSettled(Served served) throws IOException {
        served.guest().run(Scenario.IDLE);
        long start = System.nanoTime();
        while (served.guest().frame() < 10 && isEarly(start)) {
            Thread.onSpinWait();
        }
    }

    private static void assertShows(Served served, byte[] png) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        assertEquals(served.guest().width(), image.getWidth());
        assertEquals(served.guest().height(), image.getHeight());
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                assertEquals(
                        served.guest().shownPixel(x, y) & 0xffffff,
                        image.getRGB(x, y) & 0xffffff,
                        "pixel " + x + "," + y);
            }
        }
    }

    @Test
    void theListNamesEveryScreen() throws Exception {
        WebServer server = serve(options, served(NAME).web(), emptyWeb("<script>&\"'", RfbOptions.DEFAULTS));
        HttpResponse<String> page = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(server.uri()).build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(200, page.statusCode());
        String html = page.body();
        assertTrue(html.contains("href=\"/screens/emulated:v5:idle/\""), html);
        assertTrue(html.contains("640 × 400"), html);
        assertTrue(html.contains("&lt;script&gt;&amp;&quot;&#39;"), html);
        assertTrue(html.contains("/screens/%3Cscript%3E%26%22%27/thumbnail.png"), html);
        assertTrue(html.contains("waiting for &lt;script"), "why there is nothing to see: " + html);
        assertFalse(html.contains("<script>"), html);
    }

    @Test
    void theListIsThereAsJson() throws Exception {
        Served served = served(NAME);
        WebServer server = serve(options, served.web());
        Wire.Reply reply = Wire.get(server.address(), "/api/screens");
        assertEquals(200, reply.status());
        assertEquals("application/json", reply.headers().get("content-type"));
        Map<String, String> screen = onlyObject(reply.text());
        assertEquals(NAME, screen.get("name"));
        assertEquals(SCREEN, screen.get("path"));
        assertEquals("640", screen.get("width"));
        assertEquals("400", screen.get("height"));
        assertEquals("shown", screen.get("state"));
        assertEquals("null", screen.get("absence"));
        assertEquals("0", screen.get("viewers"));
    }

    @Test
    void theRateOfPicturesIsToldWhileTheGuestDraws() throws Exception {
        Served served = served("emulated:v5:flip");
        served.guest().run(Scenario.FLIP);
        WebServer server = serve(options, served.web());
        String rate = "null";
        for (long start = System.nanoTime(); isEarly(start) && rate.equals("null"); ) {
            rate = onlyObject(Wire.get(server.address(), "/api/screens").text()).get("pictures_per_second");
        }
        // A busy machine shows fewer; what counts is that it is told, and not more than the guest draws.
        assertTrue(Double.parseDouble(rate) > 0 && Double.parseDouble(rate) < 70, rate);
    }

    @Test
    void aPictureIsExact() throws Exception {
        Served served = served(NAME);
        awaitSettled(served);
        WebServer server = serve(options, served.web());
        Wire.Reply reply = Wire.get(server.address(), SCREEN + "picture.png");
        assertEquals("image/png", reply.headers().get("content-type"));
        assertShows(served, reply.body());
        served.guest().flip();
        long shown = served.guest().frame();
        assertTrue(shown > 0);
        assertShows(served, Wire.get(server.address(), SCREEN + "picture.png").body());
    }

    @Test
    void aThumbnailIsSmallAndKeepsTheShape() throws Exception {
        WebServer server = serve(options, served(NAME).web());
        BufferedImage small = ImageIO.read(new ByteArrayInputStream(
                Wire.get(server.address(), SCREEN + "thumbnail.png").body()));
        assertEquals(320, small.getWidth());
        assertEquals(200, small.getHeight());
        Wire.Reply jpeg = Wire.get(server.address(), SCREEN + "picture.jpg");
        assertEquals("image/jpeg", jpeg.headers().get("content-type"));
        assertEquals(640, ImageIO.read(new ByteArrayInputStream(jpeg.body())).getWidth());
    }

    @Test
    void whatABrowserHasIsNotSentAgain() throws Exception {
        Served served = served(NAME);
        awaitSettled(served);
        WebServer server = serve(options, served.web());
        for (String path : List.of(SCREEN + "thumbnail.png", "/assets/style.css")) {
            Wire.Reply first = Wire.get(server.address(), path);
            String etag = first.headers().get("etag");
            Wire.Reply again = Wire.get(server.address(), path, "If-None-Match: \"other\", " + etag);
            assertEquals(304, again.status(), path);
            assertEquals(etag, again.headers().get("etag"));
            assertEquals(
                    200,
                    Wire.get(server.address(), path, "If-None-Match: \"other\"").status());
        }
        served.guest().flip();
        String before =
                Wire.get(server.address(), SCREEN + "picture.png").headers().get("etag");
        served.guest().flip();
        // The flip is shown at the next vblank.
        int status = 304;
        for (long start = System.nanoTime(); isEarly(start) && status == 304; ) {
            status = Wire.get(server.address(), SCREEN + "picture.png", "If-None-Match: " + before)
                    .status();
        }
        assertEquals(200, status);
    }

    @Test
    void headIsAnsweredWithoutABody() throws Exception {
        WebServer server = serveOne();
        try (Wire wire = new Wire(server.address())) {
            wire.send(Wire.request("HEAD", "/assets/style.css"));
            Wire.Reply head = wire.reply(true);
            assertEquals(200, head.status());
            wire.send(Wire.request("GET", "/assets/style.css", "Connection: close"));
            Wire.Reply get = wire.reply(false);
            assertEquals(head.headers().get("content-length"), get.headers().get("content-length"));
            assertTrue(wire.ends());
        }
    }

    @Test
    void requestsThatComeAtOnceAreAnsweredInTurn() throws Exception {
        WebServer server = serveOne();
        try (Wire wire = new Wire(server.address())) {
            wire.send(Wire.request("GET", SCREEN + "picture.png")
                    + Wire.request("GET", "/assets/icon.svg")
                    + Wire.request("GET", "/nothing")
                    + Wire.request("GET", "/api/screens"));
            assertEquals("image/png", wire.reply(false).headers().get("content-type"));
            assertEquals("image/svg+xml", wire.reply(false).headers().get("content-type"));
            assertEquals(404, wire.reply(false).status());
            assertEquals("application/json", wire.reply(false).headers().get("content-type"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/assets/../../../../../../etc/passwd",
                "/assets/..%2f..%2f..%2fetc%2fpasswd",
                "/assets/%2e%2e/%2e%2e/etc/passwd",
                "/assets/%252e%252e%252fetc%252fpasswd",
                "/assets/..\\..\\etc\\passwd",
                "/assets//style.css",
                "/assets/./style.css",
                "/assets/style.css/",
                "/assets/style.css%00.png",
                "/assets/STYLE.CSS",
                "/assets/",
                "/assets",
                "/novnc/../assets/style.css",
                "/novnc/core/../core/rfb.js",
                "/novnc/index.txt",
                "/novnc/",
                "//etc/passwd",
                "/..",
                "/%2e%2e",
                "/etc/passwd",
                "/module-info.class",
                "/io/vfio4j/frontend/web/WebServer.class",
                "/pages/index.html",
                "/META-INF/MANIFEST.MF",
                "/screens",
                "/screens/",
                "/screens//",
                "/screens/..",
                "/screens/../etc/passwd",
                "/screens/emulated:v5:idle/../../etc/passwd",
                "/screens/emulated:v5:idle/..%2f",
                "/screens/emulated:v5:idle/picture.png/",
                "/screens/emulated:v5:idle/rfb/",
                "/screens/emulated:v5:idle%00/",
                "/screens/emulated%253Av5%253Aidle/",
                "/screens/emulated%3/",
                "/screens/%ff%fe/",
                "/screens/other/",
                "/screens/other/picture.png",
                "/api",
                "/api/",
                "/api/screens/",
                "/metrics",
                "/?/../../etc/passwd%00/../.."
            })
    void nothingElseIsThere(String path) throws Exception {
        WebServer server = serveOne();
        Wire.Reply reply = Wire.get(server.address(), path);
        if (path.startsWith("/?")) {
            assertEquals(200, reply.status(), "a query changes nothing");
        } else {
            assertEquals(404, reply.status(), path);
        }
        assertFalse(reply.text().contains("root:"), path);
        assertFalse(reply.text().contains("passwd"), "nothing that was asked for is echoed");
    }

    @Test
    void namesMayHaveAnyCharacters() throws Exception {
        List<String> names = List.of("socket:/run/vgpu 1.sock", "100%", "ä€𝄞", "..", "a\"b'c<d>", "+&=?#;");
        WebServer server = serve(
                options,
                names.stream().map(name -> emptyWeb(name, RfbOptions.DEFAULTS)).toArray(WebScreen[]::new));
        for (String name : names) {
            String path = "/screens/" + PathText.encoded(name) + "/";
            assertTrue(path.matches("/screens/[-A-Za-z0-9._~:@!$*,;=%]+/"), path);
            assertEquals(200, Wire.get(server.address(), path).status(), name);
            assertEquals(Optional.of(name), PathText.decoded(PathText.encoded(name)));
        }
        Wire.Reply moved = Wire.get(server.address(), "/screens/100%25");
        assertEquals(308, moved.status());
        assertEquals("/screens/100%25/", moved.headers().get("location"));
    }

    @Test
    void twoScreensOfOneNameAreRefused() {
        WebScreen one = emptyWeb("same", RfbOptions.DEFAULTS);
        assertEquals(
                "two screens are called same",
                assertThrows(IllegalArgumentException.class, () -> serve(options, one, one))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "localhost,200",
        "LOCALHOST:6080,200",
        "127.0.0.1:1,200",
        "127.1.2.3,200",
        "[::1]:6080,200",
        "evil.example,421",
        "evil.example:6080,421",
        "localhost.evil.example,421",
        "127.0.0.1.evil.example,421",
        "192.168.1.1,421",
        "0.0.0.0,421",
        "[::],421",
        "'',400",
        "localhost:,400",
        "user@localhost,400",
        "localhost/x,400",
        "localhost evil,400"
    })
    void onlyWhoMeansThisMachineIsAnswered(String host, int status) throws Exception {
        WebServer server = serveOne();
        Wire.Reply reply = Wire.ask(server.address(), "GET /assets/icon.svg HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        assertEquals(status, reply.status());
    }

    @Test
    void aRequestHasOneHost() throws Exception {
        WebServer server = serveOne();
        assertEquals(400, Wire.ask(server.address(), "GET / HTTP/1.1\r\n\r\n").status());
        assertEquals(400, Wire.ask(server.address(), "GET / HTTP/1.0\r\n\r\n").status());
        assertEquals(
                400,
                Wire.ask(server.address(), "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
                        .status());
        assertEquals(
                400,
                Wire.ask(server.address(), "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        .status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "PROPFIND", "get"})
    void onlyGetAndHeadAreAnswered(String method) throws Exception {
        WebServer server = serveOne();
        Wire.Reply reply = Wire.ask(server.address(), Wire.request(method, "/"));
        assertEquals(405, reply.status());
        assertEquals("GET, HEAD", reply.headers().get("allow"));
    }

    @Test
    void nothingCanBeSent() throws Exception {
        WebServer server = serveOne();
        for (String header : List.of(
                "Content-Length: 5",
                "Content-Length: 99999999999",
                "Transfer-Encoding: chunked",
                "Content-Length: 5\r\nTransfer-Encoding: chunked")) {
            int status = Wire.get(server.address(), "/", header).status();
            assertTrue(status == 413 || status == 400, header + ": " + status);
        }
    }

    @Test
    void whatIsTooLongIsRefused() throws Exception {
        WebServer server = serveOne();
        assertEquals(414, Wire.get(server.address(), "/" + "x".repeat(10_000)).status());
        assertEquals(
                431,
                Wire.get(server.address(), "/", "X: " + "x".repeat(100_000)).status());
        assertEquals(
                431,
                Wire.get(server.address(), "/", "X: y\r\n".repeat(20_000) + "X: y")
                        .status());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n\r\nnonsense\r\n\r\n",
                "GET\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n",
                "GET / HTTP/9.9 x\r\n\r\n"
            })
    void nonsenseIsRefused(String nonsense) throws Exception {
        WebServer server = serveOne();
        try (Wire wire = new Wire(server.address())) {
            wire.send(nonsense);
            assertEquals(400, wire.reply(false).status());
            assertTrue(wire.ends());
        }
    }

    @Test
    void halfARequestIsNotWaitedForForLong() throws Exception {
        WebServer server = serve(options.withTimeout(Duration.ofMillis(200)), emptyWeb(NAME, RfbOptions.DEFAULTS));
        for (String half : List.of("", "G", "GET / HTTP/1.1\r\nHost: local")) {
            try (Wire wire = new Wire(server.address())) {
                wire.send(half);
                assertTrue(wire.ends(), half);
            }
        }
    }

    @Test
    void aConnectionThatAsksNoMoreIsClosed() throws Exception {
        WebServer server = serve(options.withTimeout(Duration.ofMillis(200)), emptyWeb(NAME, RfbOptions.DEFAULTS));
        try (Wire wire = new Wire(server.address())) {
            wire.send(Wire.request("GET", "/assets/icon.svg"));
            assertEquals(200, wire.reply(false).status());
            assertTrue(wire.ends());
        }
    }

    @Test
    void connectionsAreLimited() throws Exception {
        WebServer server = serve(options.withMaxConnections(2), emptyWeb(NAME, RfbOptions.DEFAULTS));
        try (Wire first = new Wire(server.address());
                Wire second = new Wire(server.address())) {
            for (Wire wire : List.of(first, second)) {
                wire.send(Wire.request("GET", "/assets/icon.svg"));
                assertEquals(200, wire.reply(false).status());
            }
            try (Wire third = new Wire(server.address())) {
                assertTrue(third.ends());
            }
            second.send(Wire.request("GET", "/assets/icon.svg", "Connection: close"));
            assertEquals(200, second.reply(false).status());
            assertTrue(second.ends());
        }
    }

    @Test
    void everyAnswerIsGuarded() throws Exception {
        WebServer server = serveOne();
        for (String path : List.of(
                "/", SCREEN, "/api/screens", "/assets/index.js", "/nothing", SCREEN + "picture.png", SCREEN + "rfb")) {
            Map<String, String> headers = Wire.get(server.address(), path).headers();
            assertTrue(
                    headers.get("content-security-policy").startsWith("default-src 'none'; script-src 'self';"), path);
            assertFalse(headers.get("content-security-policy").contains("unsafe"), path);
            assertTrue(headers.get("content-security-policy").contains("frame-ancestors 'none'"), path);
            assertEquals("nosniff", headers.get("x-content-type-options"), path);
            assertEquals("no-referrer", headers.get("referrer-policy"), path);
            assertEquals("same-origin", headers.get("cross-origin-resource-policy"), path);
            assertFalse(headers.containsKey("access-control-allow-origin"), path);
            assertFalse(headers.containsKey("server"), path);
        }
    }

    @Test
    void pagesHaveNoScriptsAndStylesInThem() throws Exception {
        WebServer server = serveOne();
        for (String path : List.of("/", SCREEN, "/nothing")) {
            String html = Wire.get(server.address(), path).text();
            assertFalse(html.matches("(?s).*<script(?![^>]* src=).*"), html);
            assertFalse(html.matches("(?is).*(<style|\\sstyle=|\\son[a-z]+=|javascript:).*"), html);
            assertFalse(html.contains("${"), html);
        }
    }

    @Test
    void errorsAreOneSentence() throws Exception {
        WebServer server = serveOne();
        assertTrue(Wire.get(server.address(), "/screens/other/").text().contains("There is no screen of this name."));
        Wire.Reply json = Wire.get(server.address(), "/api/nothing");
        assertEquals("{\"error\":\"There is nothing at this address.\"}", json.text());
    }

    @Test
    void thePasswordIsAskedFor() throws Exception {
        WebServer server = serve(
                options.withPassword(WebPassword.of("gehe:im ü")), served(NAME).web());
        for (String path :
                List.of("/", SCREEN, SCREEN + "picture.png", "/api/screens", "/assets/index.js", "/nothing")) {
            Wire.Reply none = Wire.get(server.address(), path);
            assertEquals(401, none.status(), path);
            assertTrue(none.headers().get("www-authenticate").startsWith("Basic realm="), path);
        }
        assertEquals(
                200,
                Wire.get(server.address(), "/", authorization("me:gehe:im ü")).status());
        assertEquals(
                200,
                Wire.get(server.address(), "/", authorization(":gehe:im ü")).status());
    }

    @Test
    void wrongPasswordsAreRefused() throws Exception {
        WebServer server = serve(
                options.withPassword(WebPassword.of("gehe:im ü")), served(NAME).web());
        List<String> wrong = List.of(
                authorization("gehe:im ü"),
                authorization("me:"),
                authorization("me:gehe:im"),
                authorization("me:gehe:im ü "),
                authorization(""),
                "Authorization: Basic ???",
                "Authorization: Bearer x");
        // Each is answered late; so all at once.
        ExecutorService guessers = Executors.newFixedThreadPool(wrong.size());
        try {
            List<Callable<Integer>> guesses = new ArrayList<>();
            for (String guess : wrong) {
                guesses.add(() -> Wire.get(server.address(), "/", guess).status());
            }
            for (Future<Integer> status : guessers.invokeAll(guesses)) {
                assertEquals(401, status.get());
            }
        } finally {
            guessers.shutdown();
        }
    }

    private static String authorization(String pair) {
        return "Authorization: Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void passwordsThatCannotBeAreRefused() {
        for (String impossible : List.of("", "x".repeat(1025), "a\nb", "\u0000")) {
            assertThrows(IllegalArgumentException.class, () -> WebPassword.of(impossible));
        }
        assertFalse(WebPassword.of("secret").toString().contains("secret"));
    }

    @Test
    void anAddressThatOthersReachNeedsAGuard() {
        InetSocketAddress everywhere = new InetSocketAddress("0.0.0.0", 0);
        String message = assertThrows(
                        IllegalArgumentException.class, () -> WebServer.start(List.of(), everywhere, options, threads))
                .getMessage();
        assertEquals(
                "0.0.0.0:0 can be reached by others; give a password or a certificate, or listen on 127.0.0.1",
                message);
    }

    @Test
    void anAddressThatOthersReachTakesAnyName() throws Exception {
        WebServer server = WebServer.start(
                List.of(),
                new InetSocketAddress("0.0.0.0", 0),
                options.withPassword(WebPassword.of("secret")),
                threads);
        open.add(server);
        InetSocketAddress local = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), server.address().getPort());
        assertEquals(
                200,
                Wire.ask(local, "GET / HTTP/1.1\r\nHost: display.example\r\n" + authorization("a:secret") + "\r\n\r\n")
                        .status());
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address = (InetSocketAddress) taken.getLocalSocketAddress();
            String message = assertThrows(
                            IOException.class, () -> WebServer.start(List.of(), address, options, threads))
                    .getMessage();
            assertEquals(
                    "127.0.0.1:" + address.getPort()
                            + " is in use by another program; choose another port, or 0 for any that is free",
                    message);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "http://localhost,101",
        "https://localhost,101",
        "HTTP://LOCALHOST,101",
        "http://evil.example,403",
        "http://localhost.evil.example,403",
        "http://localhost:81,403",
        "null,403",
        "file://,403",
        "'',403"
    })
    void onlyOurPagesOpenWebSockets(String origin, int status) throws Exception {
        WebServer server = serveOne();
        assertEquals(
                status,
                Wire.get(
                                server.address(),
                                SCREEN + "rfb",
                                "Origin: " + origin,
                                "Connection: Upgrade",
                                "Upgrade: websocket",
                                "Sec-WebSocket-Version: 13",
                                KEY)
                        .status());
    }

    @Test
    void aWebSocketNeedsItsHandshake() throws Exception {
        WebServer server = serveOne();
        String rfb = SCREEN + "rfb";
        assertEquals(426, Wire.get(server.address(), rfb).status());
        assertEquals(
                426,
                Wire.get(
                                server.address(),
                                rfb,
                                "Upgrade: websocket",
                                "Connection: Upgrade",
                                "Sec-WebSocket-Version: 7",
                                KEY)
                        .status());
        assertEquals(
                400,
                Wire.get(
                                server.address(),
                                rfb,
                                "Upgrade: websocket",
                                "Connection: Upgrade",
                                "Sec-WebSocket-Version: 13")
                        .status());
        assertEquals(
                404,
                Wire.get(
                                server.address(),
                                "/screens/other/rfb",
                                "Upgrade: websocket",
                                "Connection: Upgrade",
                                "Sec-WebSocket-Version: 13",
                                KEY)
                        .status());
    }

    @Test
    void aWebSocketNeedsThePasswordWhereTheServiceAsksForNone() throws Exception {
        WebOptions guarded = options.withPassword(WebPassword.of("secret"));
        WebServer server = serve(
                guarded,
                emptyWeb("open", RfbOptions.DEFAULTS),
                emptyWeb("locked", RfbOptions.DEFAULTS.withPassword(RfbPassword.of("12345678"))));
        String[] handshake = {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", KEY};
        assertEquals(
                401, Wire.get(server.address(), "/screens/open/rfb", handshake).status());
        assertEquals(
                101,
                Wire.get(server.address(), "/screens/locked/rfb", handshake).status());
        List<String> known = new ArrayList<>(List.of(handshake));
        known.add(authorization("x:secret"));
        assertEquals(
                101,
                Wire.get(server.address(), "/screens/open/rfb", known.toArray(String[]::new))
                        .status());
    }

    @Test
    void aScreenWhoseDisplayIsGoneSaysSo() throws Exception {
        Served served = served(NAME);
        WebServer server = serve(options, served.web());
        assertEquals(200, Wire.get(server.address(), SCREEN + "picture.png").status());
        served.screen.detach("the device was removed");
        // The placeholder is drawn on the screen's own thread.
        Map<String, String> screen = Map.of();
        for (long start = System.nanoTime(); isEarly(start) && !"absent".equals(screen.get("state")); ) {
            screen = onlyObject(Wire.get(server.address(), "/api/screens").text());
        }
        assertEquals("absent", screen.get("state"));
        assertEquals("the device was removed", screen.get("absence"));
        assertTrue(Wire.get(server.address(), "/").text().contains("the device was removed"));
        assertEquals(200, Wire.get(server.address(), SCREEN + "picture.png").status(), "a picture that says so");
    }

    @Test
    void metricsAreServedWhereThereAreAny() throws Exception {
        WebServer server = serve(options.withMetrics(() -> "up 1\n"));
        Wire.Reply reply = Wire.get(server.address(), "/metrics");
        assertEquals("up 1\n", reply.text());
        assertEquals("text/plain; version=0.0.4; charset=utf-8", reply.headers().get("content-type"));
        assertTrue(Wire.get(server.address(), "/").text().contains("There are no screens here."));
    }

    @Test
    void whatCannotBeAnsweredIsReported() throws Exception {
        WebServer server = serve(options.withMetrics(() -> {
            throw new IllegalArgumentException("broken");
        }));
        Wire.Reply reply = Wire.get(server.address(), "/metrics");
        assertEquals(500, reply.status());
        assertFalse(reply.text().contains("broken"));
        assertEquals(
                List.of("a request for /metrics could not be answered: java.lang.IllegalArgumentException: broken"),
                errors);
        errors.clear();
    }

    @Test
    void closingEndsConnections() throws Exception {
        Served served = served(NAME);
        WebServer server = WebServer.start(List.of(served.web()), ANY_PORT, options, threads);
        try (Wire wire = new Wire(server.address())) {
            wire.send(Wire.request("GET", SCREEN + "thumbnail.png"));
            assertEquals(200, wire.reply(false).status());
            assertEquals(1, served.screen.stats().viewers());
            server.close();
            server.close();
            assertTrue(wire.ends());
        }
        assertEquals(0, server.connections());
        assertThrows(IOException.class, () -> new Wire(server.address()));
        assertEquals(0, served.screen.stats().viewers(), "nobody looks any more");
    }

    @Test
    void theAddressIsOneThatABrowserTakes() throws Exception {
        WebServer server = serveOne();
        assertEquals(URI.create("http://127.0.0.1:" + server.address().getPort() + "/"), server.uri());
    }

    @Test
    void optionsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> options.withMaxConnections(0));
        assertThrows(IllegalArgumentException.class, () -> options.withMaxConnections(10_001));
        assertThrows(IllegalArgumentException.class, () -> options.withTimeout(Duration.ofMillis(99)));
        assertThrows(IllegalArgumentException.class, () -> options.withTimeout(Duration.ofMinutes(11)));
    }
}
