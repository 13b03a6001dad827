package io.vfio4j.cli;

import io.vfio4j.frontend.rfb.RfbClientStats;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A JSON object a line. */
final class ServeJson implements ServeOutput {
    private final JsonLines lines;

    ServeJson(PrintWriter out) {
        this.lines = new JsonLines(out);
    }

    private static Map<String, Object> object(String type, String device) {
        Map<String, Object> object = JsonLines.object(type);
        object.put("device", device);
        return object;
    }

    @Override
    public void serving(Place place) {
        Map<String, Object> object = object("serving", place.device());
        object.put("vnc", place.vnc());
        object.put("host", place.vnc().host());
        object.put("port", place.vnc().port());
        object.put("password", place.password());
        object.put("tls", place.tls());
        lines.print(object);
    }

    @Override
    public void web(URI page) {
        print("web", page);
    }

    @Override
    public void metrics(URI page) {
        print("metrics", page);
    }

    private void print(String type, URI page) {
        Map<String, Object> object = JsonLines.object(type);
        object.put("url", page);
        lines.print(object);
    }

    @Override
    public void came(String device, RfbClientStats client) {
        Map<String, Object> object = object("client", device);
        object.put("client", ServeText.text(client.address()));
        object.put("connected", true);
        lines.print(object);
    }

    @Override
    public void left(String device, RfbClientStats client) {
        Map<String, Object> object = object("client", device);
        object.put("client", ServeText.text(client.address()));
        object.put("connected", false);
        object.put("encoding", client.encoding());
        object.put("updates", client.updates());
        object.put("bytes", client.bytes());
        object.put("dropped_pictures", client.droppedPictures());
        lines.print(object);
    }

    @Override
    public void absent(String device, String why) {
        Map<String, Object> object = object("device", device);
        object.put("shown", false);
        object.put("why", why);
        lines.print(object);
    }

    @Override
    public void shown(String device) {
        Map<String, Object> object = object("device", device);
        object.put("shown", true);
        lines.print(object);
    }

    @Override
    public void leftOut(int count) {
        Map<String, Object> object = JsonLines.object("left_out");
        object.put("lines", count);
        lines.print(object);
    }

    @Override
    public void summary(List<Served> served, Duration length) {
        Map<String, Object> object = JsonLines.object("summary");
        object.put("seconds", BigDecimal.valueOf(length.toMillis(), 3));
        object.put("devices", served.stream().map(ServeJson::object).toList());
        lines.print(object);
    }

    private static Map<String, Object> object(Served served) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("device", served.device());
        object.put("clients", served.stats().accepted());
        object.put("refused", served.stats().refused());
        object.put("updates", served.stats().updates());
        object.put("bytes", served.stats().bytes());
        object.put("dropped_pictures", served.stats().droppedPictures());
        return object;
    }
}
