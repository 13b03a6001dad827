package io.vfio4j.frontend.web;

import io.vfio4j.frontend.rfb.TlsCertificate;
import io.vfio4j.loop.ErrorHandler;
import java.time.Duration;
import java.util.Optional;

/**
 * How a web server behaves. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param password asked of browsers; needed, if there is no certificate, for an address that is not a loopback one
 * @param certificate for TLS; where there is one, there is nothing without TLS
 * @param metrics served at {@code /metrics}
 * @param maxConnections at a time, 1 to 10000; a browser opens up to six, and one more for each VNC client in it
 * @param timeout how long a connection may take for a request, for taking the answer, and may be idle in between: 100 ms to 10 minutes
 * @param errorHandler told of what nobody waits for
 */
public record WebOptions(
        Optional<WebPassword> password,
        Optional<TlsCertificate> certificate,
        Optional<MetricsPage> metrics,
        int maxConnections,
        Duration timeout,
        ErrorHandler errorHandler) {
    private static final int MOST_CONNECTIONS = 10_000;
    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(100);
    private static final Duration LONGEST_TIMEOUT = Duration.ofMinutes(10);

    /** No password, no TLS, no metrics, 256 connections, 30 seconds, errors logged. */
    public static final WebOptions DEFAULTS = new WebOptions(
            Optional.empty(), Optional.empty(), Optional.empty(), 256, Duration.ofSeconds(30), ErrorHandler.logging());

    /**
     * Checks the values.
     *
     * @param password any
     * @param certificate any
     * @param metrics any
     * @param maxConnections 1 to 10000
     * @param timeout 100 ms to 10 minutes
     * @param errorHandler any
     */
    public WebOptions {
        if (maxConnections < 1 || maxConnections > MOST_CONNECTIONS) {
            throw new IllegalArgumentException(
                    "a limit of " + maxConnections + " connections, which is not within 1 and " + MOST_CONNECTIONS);
        }
        if (timeout.compareTo(SHORTEST_TIMEOUT) < 0 || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "timeout " + timeout + " is not within " + SHORTEST_TIMEOUT + " and " + LONGEST_TIMEOUT);
        }
    }

    /**
     * The same with a password.
     *
     * @param changed asked of every browser
     * @return new options
     */
    public WebOptions withPassword(WebPassword changed) {
        return new WebOptions(Optional.of(changed), certificate, metrics, maxConnections, timeout, errorHandler);
    }

    /**
     * The same with TLS.
     *
     * @param changed the server's
     * @return new options
     */
    public WebOptions withCertificate(TlsCertificate changed) {
        return new WebOptions(password, Optional.of(changed), metrics, maxConnections, timeout, errorHandler);
    }

    /**
     * The same with metrics.
     *
     * @param changed served at {@code /metrics}
     * @return new options
     */
    public WebOptions withMetrics(MetricsPage changed) {
        return new WebOptions(password, certificate, Optional.of(changed), maxConnections, timeout, errorHandler);
    }

    /**
     * The same with another limit of connections.
     *
     * @param changed 1 to 10000
     * @return new options
     */
    public WebOptions withMaxConnections(int changed) {
        return new WebOptions(password, certificate, metrics, changed, timeout, errorHandler);
    }

    /**
     * The same with another patience.
     *
     * @param changed 100 ms to 10 minutes
     * @return new options
     */
    public WebOptions withTimeout(Duration changed) {
        return new WebOptions(password, certificate, metrics, maxConnections, changed, errorHandler);
    }

    /**
     * The same with somebody else who is told of errors.
     *
     * @param changed must not throw
     * @return new options
     */
    public WebOptions withErrorHandler(ErrorHandler changed) {
        return new WebOptions(password, certificate, metrics, maxConnections, timeout, changed);
    }
}
