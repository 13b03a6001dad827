package io.vfio4j.frontend.web;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files that are served as they are. All are in memory, by their paths, before the first request comes: no path that somebody asks
 * for ever becomes a file's name.
 */
final class WebFiles {
    /** What is ours. */
    private static final List<String> ASSETS =
            List.of("icon.svg", "index.js", "page.js", "snapshots.js", "style.css", "viewer.js");

    private final Map<String, WebFile> byPath;
    private final Optional<String> noVnc;

    private WebFiles(Map<String, WebFile> byPath, Optional<String> noVnc) {
        this.byPath = Map.copyOf(byPath);
        this.noVnc = noVnc;
    }

    /** Those of this build. */
    static WebFiles load() throws IOException {
        WebFiles own = withoutNoVnc();
        Optional<byte[]> index = find("novnc/index.txt");
        if (index.isEmpty()) {
            return own;
        }
        Map<String, WebFile> all = new HashMap<>(own.byPath);
        // The first line says which version it is, the others are names of files: see scripts/novnc.
        List<String> lines =
                new String(index.get(), StandardCharsets.UTF_8).lines().toList();
        for (String name : lines.subList(1, lines.size())) {
            all.put("/novnc/" + name, read("novnc/" + name));
        }
        return new WebFiles(all, Optional.of(lines.get(0)));
    }

    /** As where the build could not get noVNC. */
    static WebFiles withoutNoVnc() throws IOException {
        Map<String, WebFile> own = new HashMap<>();
        for (String name : ASSETS) {
            own.put("/assets/" + name, read("assets/" + name));
        }
        return new WebFiles(own, Optional.empty());
    }

    /** By the path as it was asked for, with nothing decoded. */
    Optional<WebFile> at(String path) {
        return Optional.ofNullable(byPath.get(path));
    }

    /** Name and version of the VNC client, where there is one. */
    Optional<String> noVnc() {
        return noVnc;
    }

    /** A text that pages are made of. */
    static String template(String name) throws IOException {
        return new String(read("pages/" + name).bytes(), StandardCharsets.UTF_8);
    }

    private static WebFile read(String resource) throws IOException {
        return WebFile.of(
                resource,
                find(resource).orElseThrow(() -> new IOException("this vfio4j is incomplete: it lacks " + resource)));
    }

    private static Optional<byte[]> find(String resource) throws IOException {
        try (InputStream in = WebFiles.class.getResourceAsStream(resource)) {
            return in == null ? Optional.empty() : Optional.of(in.readAllBytes());
        }
    }
}
