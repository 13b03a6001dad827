package io.vfio4j.frontend.web;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** An HTTP client that sends anything, and reads answers strictly. */
final class Wire implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    /** An answer; header names are in lower case. */
    record Reply(int status, Map<String, String> headers, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    private final Socket socket;
    private final InputStream in;

    Wire(InetSocketAddress address) throws IOException {
        socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(PATIENCE_MILLIS);
        in = socket.getInputStream();
    }

    /** A whole request on a connection of its own. */
    static Reply ask(InetSocketAddress address, String request) throws IOException {
        try (Wire wire = new Wire(address)) {
            wire.send(request);
            return wire.reply(request.startsWith("HEAD"));
        }
    }

    static Reply get(InetSocketAddress address, String path, String... headers) throws IOException {
        return ask(address, request("GET", path, headers));
    }

    static String request(String method, String path, String... headers) {
        StringBuilder text = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
        List.of(headers).forEach(header -> text.append(header).append("\r\n"));
        return text.append("\r\n").toString();
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    Reply reply(boolean toHead) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            lines.add(line);
        }
        String[] status = lines.get(0).split(" ", 3);
        if (!status[0].equals("HTTP/1.1")) {
            throw new IOException("not an answer: " + lines.get(0));
        }
        Map<String, String> headers = new TreeMap<>();
        for (String line : lines.subList(1, lines.size())) {
            int colon = line.indexOf(':');
            String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
            if (headers.put(name, line.substring(colon + 1).strip()) != null) {
                throw new IOException("twice: " + line);
            }
        }
        int length =
                toHead || !headers.containsKey("content-length") ? 0 : Integer.parseInt(headers.get("content-length"));
        return new Reply(Integer.parseInt(status[1]), headers, in.readNBytes(length));
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int unit = in.read(); unit != '\n'; unit = in.read()) {
            if (unit < 0) {
                throw new IOException("the connection ended in the middle of a line: " + line);
            }
            line.write(unit);
        }
        String text = line.toString(StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r")) {
            throw new IOException("a line without a carriage return: " + text);
        }
        return text.substring(0, text.length() - 1);
    }

    InputStream in() {
        return in;
    }

    /** Whether the server ends the connection without another byte. */
    boolean ends() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
