package io.vfio4j.cli;

import io.vfio4j.frontend.rfb.RfbClientStats;
import io.vfio4j.frontend.rfb.RfbStats;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/** For people. */
final class ServeText implements ServeOutput {
    private static final long KIBIBYTE = 1024;

    private final PrintWriter out;

    ServeText(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void serving(Place place) {
        print(
                place.device(),
                "VNC on " + place.vnc() + (place.tls() ? ", with TLS" : "")
                        + (place.password() ? ", with a password" : ""));
    }

    @Override
    public void web(URI page) {
        print("browsers", page.toString());
    }

    @Override
    public void metrics(URI page) {
        print("metrics", page.toString());
    }

    @Override
    public void came(String device, RfbClientStats client) {
        print(device, "client " + text(client.address()) + " is connected");
    }

    @Override
    public void left(String device, RfbClientStats client) {
        print(
                device,
                "client " + text(client.address()) + " is gone, after " + count(client.updates(), "update") + " of "
                        + bytes(client.bytes()) + (client.updates() == 0 ? "" : ", " + client.encoding()));
    }

    @Override
    public void absent(String device, String why) {
        print(device, "not shown: " + why);
    }

    @Override
    public void shown(String device) {
        print(device, "shown");
    }

    @Override
    public void leftOut(int lines) {
        out.println(count(lines, "line") + " left out");
        out.flush();
    }

    @Override
    public void summary(List<Served> served, Duration length) {
        out.println("Served for " + DurationText.format(length.truncatedTo(ChronoUnit.MILLIS)));
        for (Served each : served) {
            RfbStats stats = each.stats();
            out.println("  " + each.device() + ": " + count(stats.accepted(), "client")
                    + (stats.refused() == 0 ? "" : " (and " + stats.refused() + " refused)") + ", "
                    + count(stats.updates(), "update") + ", " + bytes(stats.bytes())
                    + (stats.droppedPictures() == 0
                            ? ""
                            : ", " + count(stats.droppedPictures(), "picture") + " left out for slow clients"));
        }
        out.flush();
    }

    private void print(String subject, String what) {
        out.print(subject + ": " + what + System.lineSeparator());
        out.flush();
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    static String text(SocketAddress address) {
        return address instanceof InetSocketAddress internet ? ListenAddress.text(internet) : address.toString();
    }

    static String bytes(long bytes) {
        if (bytes < KIBIBYTE) {
            return count(bytes, "byte");
        }
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        double value = (double) bytes / KIBIBYTE;
        int unit = 0;
        while (value >= KIBIBYTE && unit < units.length - 1) {
            value /= KIBIBYTE;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }
}
