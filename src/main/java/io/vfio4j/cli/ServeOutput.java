package io.vfio4j.cli;

import io.vfio4j.frontend.rfb.RfbClientStats;
import io.vfio4j.frontend.rfb.RfbStats;
import java.net.URI;
import java.time.Duration;
import java.util.List;

/** Prints what a server does, a line each. Called by one thread at a time. */
interface ServeOutput {
    /** A device is served from now on. */
    void serving(Place place);

    /** All devices are served to browsers. */
    void web(URI page);

    /** Metrics are served. */
    void metrics(URI page);

    /** A client introduced itself. */
    void came(String device, RfbClientStats client);

    /** A client went; with what it got. */
    void left(String device, RfbClientStats client);

    /** A device is not shown, or still not and for another reason. */
    void absent(String device, String why);

    /** A device is shown that was not. */
    void shown(String device);

    /** More happened than could be printed. */
    void leftOut(int lines);

    /** What there was in the end. */
    void summary(List<Served> served, Duration length);

    /**
     * What is served where.
     *
     * @param device its name
     * @param vnc where VNC clients connect
     * @param password whether they are asked for one
     * @param tls whether they have to encrypt
     */
    record Place(String device, ListenAddress vnc, boolean password, boolean tls) {}

    /**
     * A device and what was served of it.
     *
     * @param device its name
     * @param stats since the beginning
     */
    record Served(String device, RfbStats stats) {}
}
