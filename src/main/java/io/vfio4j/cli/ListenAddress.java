package io.vfio4j.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Where a server listens, as somebody typed it: {@code HOST:PORT}, {@code [IPV6]:PORT}, or {@code PORT} for this machine alone.
 *
 * @param host a name, or an address without brackets
 * @param port 0 for any that is free
 */
record ListenAddress(String host, int port) {
    /** What the help says of an address. */
    static final String FORM = "HOST:PORT, [IPV6]:PORT, or PORT for 127.0.0.1";

    private static final String LOOPBACK = "127.0.0.1";
    private static final int MOST_PORT = 65_535;
    private static final Pattern TEXT =
            Pattern.compile("(?:(?<host>[^:\\[\\]]*):|\\[(?<six>[^\\[\\]]*)]:)?(?<port>\\d{1,9})");
    private static final Pattern NUMBERS = Pattern.compile("[\\d.]+");
    private static final Pattern FOUR_BYTES = Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}");
    private static final Pattern NAME = Pattern.compile(
            "(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))*");
    private static final Pattern SIX = Pattern.compile("(?=.*:)[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?");

    /**
     * Reads one; asks nobody for names yet.
     *
     * @throws IllegalArgumentException when it is none, with a sentence that says what there is
     */
    static ListenAddress parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(Words.quoted(text) + " is no address; write " + FORM
                    + (text.chars().filter(letter -> letter == ':').count() > 1
                            ? ": an IPv6 address is in brackets, as in [::1]:5900"
                            : ""));
        }
        int port = Integer.parseInt(parts.group("port"));
        if (port > MOST_PORT) {
            throw new IllegalArgumentException(Words.quoted(text) + ": " + port + " is no port; ports are 1 to "
                    + MOST_PORT + ", and 0 is any free one");
        }
        if (parts.group("six") != null) {
            requireHost(text, parts.group("six"), SIX, "no IPv6 address");
            return new ListenAddress(parts.group("six"), port);
        }
        String host = parts.group("host");
        if (host == null) {
            return ofLoopback(port);
        }
        if (NUMBERS.matcher(host).matches()) {
            requireHost(text, host, FOUR_BYTES, "no IPv4 address");
        } else {
            requireHost(text, host, NAME, "no host; all addresses of this machine are 0.0.0.0 or [::]");
        }
        return new ListenAddress(host, port);
    }

    private static void requireHost(String text, String host, Pattern form, String refusal) {
        if (!form.matcher(host).matches()) {
            throw new IllegalArgumentException(Words.quoted(text) + ": " + Words.quoted(host) + " is " + refusal);
        }
    }

    /** For this machine alone. */
    static ListenAddress ofLoopback(int port) {
        return new ListenAddress(LOOPBACK, port);
    }

    /** The same host, so many ports further; any port stays any. */
    ListenAddress plus(int ports) {
        return port == 0 ? this : new ListenAddress(host, port + ports);
    }

    /** Whether that many servers have successive ports from here on. */
    boolean hasRoomFor(int servers) {
        return port == 0 || port + servers - 1 <= MOST_PORT;
    }

    /**
     * Looks its host up.
     *
     * @throws IOException when there is no such host, with a sentence that says so
     */
    InetSocketAddress resolve() throws IOException {
        try {
            return new InetSocketAddress(InetAddress.getByName(host), port);
        } catch (UnknownHostException e) {
            throw new IOException("there is no host " + Words.quoted(host) + " to listen on", e);
        }
    }

    /** The same host with the port that was taken. */
    ListenAddress at(int taken) {
        return new ListenAddress(host, taken);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    /** The same for where a server listens in fact. */
    static String text(InetSocketAddress address) {
        return new ListenAddress(address.getAddress().getHostAddress(), address.getPort()).toString();
    }

    /** An ADDRESS argument. */
    static final class Converter implements ITypeConverter<ListenAddress> {
        @Override
        public ListenAddress convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
