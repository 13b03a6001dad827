package io.vfio4j.frontend.metrics;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.web.MetricsPage;
import io.vfio4j.frontend.web.WebOptions;
import io.vfio4j.frontend.web.WebServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;

/**
 * Lets Prometheus read metrics, at {@code /metrics}. By the rules of the browser view: GET and HEAD alone, and a password or a certificate
 * where others can reach it. Any thread may call.
 */
public final class MetricsServer implements AutoCloseable {
    private final WebServer server;

    private MetricsServer(WebServer server) {
        this.server = server;
    }

    /**
     * Starts a server for a registry's metrics.
     *
     * @param listen where; port 0 takes a free one
     * @param registry stays the caller's
     * @param options how it behaves
     * @param threads stay the caller's, and are closed after the server
     * @return the caller closes it
     * @throws IOException when the address is in use or not ours, with a sentence that says so
     * @throws IllegalArgumentException when the address is not a loopback one, and the options have neither password nor certificate
     */
    @SuppressWarnings("exports") // Who calls this has Micrometer; a transitive requirement would ask it of everybody.
    public static MetricsServer start(
            InetSocketAddress listen, PrometheusMeterRegistry registry, WebOptions options, FrontendThreads threads)
            throws IOException {
        return start(listen, registry::scrape, options, threads);
    }

    /**
     * Starts a server for metrics of any origin.
     *
     * @param listen where; port 0 takes a free one
     * @param page what is served
     * @param options how it behaves
     * @param threads stay the caller's, and are closed after the server
     * @return the caller closes it
     * @throws IOException when the address is in use or not ours, with a sentence that says so
     * @throws IllegalArgumentException when the address is not a loopback one, and the options have neither password nor certificate
     */
    public static MetricsServer start(
            InetSocketAddress listen, MetricsPage page, WebOptions options, FrontendThreads threads)
            throws IOException {
        return new MetricsServer(WebServer.start(List.of(), listen, options.withMetrics(page), threads));
    }

    /**
     * Where it listens.
     *
     * @return with the port that was taken
     */
    public InetSocketAddress address() {
        return server.address();
    }

    /**
     * What to tell Prometheus.
     *
     * @return the address of the metrics
     */
    public URI uri() {
        return server.uri().resolve("/metrics");
    }

    /** Ends it, with its connections. Further calls do nothing. */
    @Override
    public void close() {
        server.close();
    }
}
