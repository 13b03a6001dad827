/**
 * Metrics of screens and servers, for Micrometer, and a server that lets Prometheus read them. Needs Micrometer ({@code micrometer-core},
 * and {@code micrometer-registry-prometheus} for Prometheus) on the class path; the server needs Netty too.
 */
@NullMarked
package io.vfio4j.frontend.metrics;

import org.jspecify.annotations.NullMarked;
