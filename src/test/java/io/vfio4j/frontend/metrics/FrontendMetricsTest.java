package io.vfio4j.frontend.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.Viewing;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbServer;
import io.vfio4j.frontend.web.WebOptions;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FrontendMetricsTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.named("v5").withSize(320, 240));
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final FrontendThreads threads = new FrontendThreads();
    private long now;
    private final FrontendMetrics metrics = new FrontendMetrics(() -> now);
    private EventLoop loop;
    private Display display;
    private LiveScreen screen;

    @BeforeEach
    void attach() throws IOException {
        loop = EventLoop.stepped(host.systemCalls());
        display = attached();
        screen = LiveScreen.named("a \"vgpu\" \\ here", LiveOptions.DEFAULTS.on(Runnable::run));
        screen.attach(display);
        metrics.bindTo(registry);
    }

    private Display attached() throws IOException {
        return Display.attach(
                loop,
                VfioDevice.open(
                        host.systemCalls(),
                        MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
    }

    @AfterEach
    void everythingEnds() {
        screen.close();
        display.close();
        loop.close();
        threads.close();
        host.close();
    }

    private void flips(int count) {
        for (int i = 0; i < count; i++) {
            host.vgpu().guest().flip();
            host.clock().advance(Duration.ofMillis(20));
        }
    }

    private double number(String name, String... tags) {
        return registry.get(name).tags(tags).functionCounter().count();
    }

    @Test
    void theNumbersAreThoseOfTheScreen() {
        metrics.watch(screen);
        try (Viewing viewing = screen.view(CursorStyle.DRAWN, () -> {})) {
            flips(7);
            assertEquals(1, registry.get("vfio4j.display.viewers").gauge().value());
            assertEquals(screen.stats().captures(), number("vfio4j.display.captures"));
            assertTrue(number("vfio4j.display.captures") >= 7);
            assertTrue(number("vfio4j.display.events", "source", "irq") >= 7);
            assertEquals(1, number("vfio4j.display.events", "source", "resync"));
            assertEquals(display.stats().reads(), number("vfio4j.display.irq.reads"));
            assertEquals(screen.stats().latency().count(), number("vfio4j.display.latency.buckets", "le", "+Inf"));
            double damage = registry.get("vfio4j.display.damage").gauge().value();
            assertTrue(damage > 0 && damage <= 1, "damage " + damage);
            assertFalse(viewing.look().isEmpty());
        }
    }

    @Test
    void countsGoOnWhenAnotherDisplayTakesThePlace() throws IOException {
        metrics.watch(screen);
        Viewing viewing = screen.view(CursorStyle.DRAWN, () -> {});
        flips(5);
        double before = number("vfio4j.display.irq.reads");
        assertTrue(before >= 5);
        display.close();
        assertEquals(before, number("vfio4j.display.irq.reads"), 2);
        display = attached();
        screen.attach(display);
        flips(5);
        assertTrue(number("vfio4j.display.irq.reads") >= before + 5);
        viewing.close();
    }

    @Test
    void whoIsWatchedLaterAndBoundLaterIsThereToo() {
        SimpleMeterRegistry later = new SimpleMeterRegistry();
        FrontendMetrics.Watch watch = metrics.watch(screen);
        metrics.bindTo(later);
        assertEquals(registry.getMeters().size(), later.getMeters().size());
        assertTrue(later.getMeters().size() > 20);
        watch.close();
        watch.close();
        assertEquals(List.of(), later.getMeters());
        assertEquals(List.of(), registry.getMeters());
        metrics.watch(screen);
        assertTrue(later.getMeters().size() > 20);
    }

    @Test
    void clientsHaveMetersAsLongAsTheyAreThere() throws Exception {
        try (RfbServer server = RfbServer.start(screen, ANY_PORT, RfbOptions.DEFAULTS, threads)) {
            metrics.watch("vgpu", server.service());
            assertEquals(0, ofClients(parsed(registry.scrape())).size());
            String label;
            try (Socket client =
                    new Socket(server.address().getAddress(), server.address().getPort())) {
                label = "127.0.0.1:" + client.getLocalPort();
                client.getOutputStream().write("RFB 003.008\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
                client.getInputStream().readNBytes(14);
                client.getOutputStream().write(1);
                client.getInputStream().readNBytes(4);
                client.getOutputStream().write(1);
                assertEquals(24, client.getInputStream().readNBytes(24).length, "introduced");
                now += Duration.ofSeconds(1).toNanos();
                registry.scrape();
                Set<String> clients = ofClients(parsed(registry.scrape()));
                assertEquals(3, clients.size(), clients.toString());
                clients.forEach(series -> assertTrue(series.contains("client=\"" + label + "\""), series));
                assertEquals(
                        1, registry.get("vfio4j.rfb.accepted").functionCounter().count());
            }
            while (!server.service().clients().isEmpty()) {
                Thread.onSpinWait();
            }
            now += Duration.ofSeconds(1).toNanos();
            registry.scrape();
            assertEquals(Set.of(), ofClients(parsed(registry.scrape())));
            assertEquals(0, registry.get("vfio4j.rfb.clients").gauge().value());
        }
    }

    private static Set<String> ofClients(Map<String, Double> series) {
        Set<String> found = new HashSet<>(series.keySet());
        found.removeIf(name -> !name.startsWith("vfio4j_rfb_client_"));
        return found;
    }

    @Test
    void theTextIsWhatPrometheusReads() throws Exception {
        metrics.watch(screen);
        try (MetricsServer server = MetricsServer.start(ANY_PORT, registry, WebOptions.DEFAULTS, threads)) {
            assertTrue(server.uri().toString().endsWith(":" + server.address().getPort() + "/metrics"));
            HttpResponse<String> answer = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(server.uri()).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(
                    "text/plain; version=0.0.4; charset=utf-8",
                    answer.headers().firstValue("content-type").orElseThrow());
            Map<String, Double> series = parsed(answer.body());
            assertEquals(0.0, series.get("vfio4j_display_captures_total{display=\"a \\\"vgpu\\\" \\\\ here\"}"));
            assertTrue(series.keySet().stream()
                    .anyMatch(name -> name.startsWith("vfio4j_display_latency_seconds_count{")));
        }
    }

    private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{(.*)})? (\\S+)");
    private static final Pattern LABELS =
            Pattern.compile("(?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\"(?:,(?=.)|$))*");
    private static final Set<String> TYPES = Set.of("counter", "gauge", "summary", "histogram", "untyped");

    /** Prometheus's text format 0.0.4, as strictly as its description has it: each family once, described before its samples. */
    private static Map<String, Double> parsed(String text) {
        assertTrue(text.isEmpty() || text.endsWith("\n"));
        Map<String, Double> series = new HashMap<>();
        Map<String, String> types = new HashMap<>();
        Set<String> helped = new HashSet<>();
        String family = "";
        for (String line : text.lines().toList()) {
            if (line.startsWith("# HELP ")) {
                assertTrue(helped.add(line.split(" ", 4)[2]), line);
            } else if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ");
                family = words[2];
                assertTrue(NAME.matcher(family).matches() && TYPES.contains(words[3]), line);
                assertEquals(null, types.put(family, words[3]), "twice: " + line);
            } else {
                Matcher sample = SAMPLE.matcher(line);
                assertTrue(sample.matches(), line);
                assertTrue(
                        sample.group(3) == null
                                || LABELS.matcher(sample.group(3)).matches(),
                        line);
                String name = sample.group(1);
                assertTrue(
                        name.equals(family)
                                || types.get(family).equals("summary") && name.matches(family + "_(count|sum)"),
                        "outside of its family: " + line);
                assertTrue(!types.get(family).equals("counter") || name.endsWith("_total"), line);
                String value = sample.group(4).replace("+Inf", "Infinity").replace("-Inf", "-Infinity");
                assertEquals(
                        null,
                        series.put(name + (sample.group(2) == null ? "" : sample.group(2)), Double.valueOf(value)),
                        "twice: " + line);
            }
        }
        assertEquals(helped, types.keySet());
        return series;
    }
}
