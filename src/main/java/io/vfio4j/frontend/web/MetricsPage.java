package io.vfio4j.frontend.web;

/** What Prometheus reads. */
@FunctionalInterface
public interface MetricsPage {
    /**
     * Writes the metrics as they are now. Called by any thread but the network's, by several at a time.
     *
     * @return in Prometheus's text format, version 0.0.4
     */
    String text();
}
