package io.vfio4j.cli;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vfio4j.frontend.metrics.FrontendMetrics;
import io.vfio4j.frontend.metrics.MetricsServer;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbClientStats;
import io.vfio4j.frontend.rfb.RfbServer;
import io.vfio4j.frontend.web.WebOptions;
import io.vfio4j.frontend.web.WebScreen;
import io.vfio4j.frontend.web.WebServer;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Devices and their servers, from the first to the summary. */
final class ServeSession implements AutoCloseable {
    private static final Duration SLICE = Duration.ofMillis(100);
    /** Who reads the output may have stopped to; what happens meanwhile is kept, but not for ever. */
    private static final int MOST_KEPT = 10_000;

    private final ServerChoice servers;
    private final DisplayChoice displays;
    private final LocalHost host;
    private final ServeOutput output;
    private final PrintWriter out;
    private final PrintWriter err;

    private final FrontendThreads threads = new FrontendThreads();
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final List<Served> served = new ArrayList<>();
    private final ConcurrentLinkedQueue<Consumer<ServeOutput>> news = new ConcurrentLinkedQueue<>();
    private final AtomicInteger kept = new AtomicInteger();
    private final AtomicInteger leftOut = new AtomicInteger();

    ServeSession(
            ServerChoice servers,
            DisplayChoice displays,
            LocalHost host,
            ServeOutput output,
            PrintWriter out,
            PrintWriter err) {
        this.servers = servers;
        this.displays = displays;
        this.host = host;
        this.output = output;
        this.out = out;
        this.err = err;
        open.push(threads);
    }

    /** A device, its server, and who is connected to it as far as was printed. */
    private static final class Served {
        private final ServedDevice device;
        private final String name;
        private final RfbServer server;
        private Map<SocketAddress, RfbClientStats> clients = Map.of();
        private Optional<String> obstacle = Optional.empty();
        /** Pictures that were read when the obstacle was told. */
        private long capturesThen;

        private Served(ServedDevice device, RfbServer server) {
            this.device = device;
            this.name = device.name().text();
            this.server = server;
        }
    }

    /** Opens and serves all of them, or none. */
    void start(List<DeviceName> names, boolean wait) throws IOException {
        ServerChoice.Options options = servers.options(err);
        List<ServedDevice> devices = new ArrayList<>();
        for (DeviceName name : names) {
            ServedDevice device = ServedDevice.open(host, name, displays, wait, new Notes());
            open.push(device);
            devices.add(device);
        }
        List<ServeOutput.Place> places = new ArrayList<>();
        for (ServedDevice device : devices) {
            ListenAddress address = servers.listen(served.size());
            RfbServer server = RfbServer.start(device.screen(), address.resolve(), options.rfb(), threads);
            open.push(server);
            served.add(new Served(device, server));
            places.add(new ServeOutput.Place(
                    device.name().text(),
                    address.at(server.address().getPort()),
                    servers.asksForPassword(),
                    servers.encrypts()));
        }
        Optional<URI> pages = startWeb(options.web());
        Optional<URI> metrics = startMetrics(options.web());
        places.forEach(output::serving);
        pages.ifPresent(output::web);
        metrics.ifPresent(output::metrics);
    }

    private Optional<URI> startWeb(WebOptions options) throws IOException {
        if (servers.web().isEmpty()) {
            return Optional.empty();
        }
        List<WebScreen> screens = served.stream()
                .map(each -> new WebScreen(each.device.screen(), each.server.service()))
                .toList();
        WebServer web = WebServer.start(screens, servers.web().get().resolve(), options, threads);
        open.push(web);
        return Optional.of(web.uri());
    }

    private Optional<URI> startMetrics(WebOptions options) throws IOException {
        if (servers.metrics().isEmpty()) {
            return Optional.empty();
        }
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        open.push(registry::close);
        FrontendMetrics metrics = new FrontendMetrics();
        metrics.bindTo(registry);
        for (Served each : served) {
            open.push(metrics.watch(each.device.screen()));
            open.push(metrics.watch(each.name, each.server.service()));
        }
        MetricsServer server = MetricsServer.start(servers.metrics().get().resolve(), registry, options, threads);
        open.push(server);
        return Optional.of(server.uri());
    }

    /** Until the end is asked for, nobody reads the output any more, or the time is over. */
    void run(Ending ending, Optional<Duration> length) {
        long start = System.nanoTime();
        long whole = length.map(Duration::toNanos).orElse(Long.MAX_VALUE);
        long passed = 0;
        do {
            print();
            passed = System.nanoTime() - start;
        } while (passed < whole && !out.checkError() && !ending.await(Math.min(whole - passed, SLICE.toNanos())));
        print();
        List<ServeOutput.Served> sums = served.stream()
                .map(each ->
                        new ServeOutput.Served(each.name, each.server.service().stats()))
                .toList();
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        close();
        print();
        output.summary(sums, took);
        out.flush();
    }

    private void print() {
        for (Consumer<ServeOutput> line = news.poll(); line != null; line = news.poll()) {
            kept.decrementAndGet();
            line.accept(output);
        }
        int more = leftOut.getAndSet(0);
        if (more > 0) {
            output.leftOut(more);
        }
        served.forEach(this::printObstacle);
        served.forEach(this::printClients);
    }

    /** What keeps a device from being shown that is there; why one is not is told by its notes. */
    private void printObstacle(Served each) {
        Optional<String> now = each.device.obstacle().map(Vfio4j::oneLine);
        long captures = each.device.screen().stats().captures();
        if (now.isPresent()) {
            if (!now.equals(each.obstacle)) {
                output.absent(each.name, now.get());
            }
            each.obstacle = now;
            each.capturesThen = captures;
        } else if (!each.device.isThere()) {
            each.obstacle = Optional.empty();
        } else if (each.obstacle.isPresent() && captures > each.capturesThen) {
            // Not as soon as there is none: nothing is read, and nothing found, while nobody looks.
            each.obstacle = Optional.empty();
            output.shown(each.name);
        }
    }

    private void printClients(Served each) {
        Map<SocketAddress, RfbClientStats> now = new LinkedHashMap<>();
        each.server.service().clients().forEach(client -> now.put(client.address(), client));
        each.clients.forEach((address, client) -> {
            if (!now.containsKey(address)) {
                output.left(each.name, client);
            }
        });
        now.forEach((address, client) -> {
            if (!each.clients.containsKey(address)) {
                output.came(each.name, client);
            }
        });
        each.clients = now;
    }

    /** Any thread; the session's own prints it. */
    private void tell(Consumer<ServeOutput> line) {
        if (kept.incrementAndGet() > MOST_KEPT) {
            kept.decrementAndGet();
            leftOut.incrementAndGet();
        } else {
            news.add(line);
        }
    }

    /** Clients are disconnected first, then the devices are let go of. Further calls do nothing. */
    @Override
    public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception unforeseen) {
                DisplayChoice.errorsTo(err).onError("ending", unforeseen);
            }
        }
    }

    /** Of one device: that it is shown is worth a line only after it was not. */
    private final class Notes implements ServedDevice.Notes {
        private boolean wasAbsent;

        @Override
        public void shown(ServedDevice device, VfioDevice opened) {
            displays.warnOfSharing(opened, err);
            if (wasAbsent) {
                tell(to -> to.shown(device.name().text()));
            }
            wasAbsent = false;
        }

        @Override
        public void absent(ServedDevice device, String why) {
            wasAbsent = true;
            tell(to -> to.absent(device.name().text(), why));
        }

        @Override
        public ErrorHandler errors() {
            return DisplayChoice.errorsTo(err);
        }
    }
}
