package io.vfio4j.frontend.web;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vfio4j.frontend.rfb.FrontendThreads;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/** What there is at which address. */
final class Site implements AutoCloseable {
    private static final String SCREENS = "screens";
    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    /** A screen, and the pictures that are made of it. */
    private record Shown(WebScreen screen, Snapshots snapshots) {}

    /** A screen, and how it is at the moment. */
    private record State(WebScreen screen, Snapshot facts, OptionalDouble picturesPerSecond, int viewers) {}

    private final Map<String, Shown> screens = new LinkedHashMap<>();
    private final WebFiles files;
    private final Optional<MetricsPage> metrics;
    private final FrontendThreads threads;
    private final EventLoop home;
    private final JsonFactory json = new JsonFactory();
    /** So that a browser takes no picture of an earlier server for one of this. */
    private final String era = UUID.randomUUID().toString();

    private final String indexPage;
    private final String card;
    private final String viewerPage;
    private final String snapshotsPage;
    private final String errorPage;

    Site(
            List<WebScreen> screens,
            WebFiles files,
            Optional<MetricsPage> metrics,
            FrontendThreads threads,
            EventLoop home,
            LongSupplier clock)
            throws IOException {
        this.files = files;
        this.metrics = metrics;
        this.threads = threads;
        this.home = home;
        this.indexPage = WebFiles.template("index.html");
        this.card = WebFiles.template("card.html");
        this.viewerPage = WebFiles.template("viewer.html");
        this.snapshotsPage = WebFiles.template("snapshots.html");
        this.errorPage = WebFiles.template("error.html");
        for (WebScreen screen : screens) {
            Snapshots snapshots = new Snapshots(screen.screen(), home, clock, threads.encoders());
            if (this.screens.put(screen.name(), new Shown(screen, snapshots)) != null) {
                throw new IllegalArgumentException("two screens are called " + screen.name());
            }
        }
    }

    /** The screen whose VNC connections are at an address. */
    Optional<WebScreen> socketAt(String path) {
        List<String> segments = PathText.segments(path);
        return segments.size() == 3
                        && segments.get(0).equals(SCREENS)
                        && segments.get(2).equals("rfb")
                ? screenCalled(segments.get(1)).map(Shown::screen)
                : Optional.empty();
    }

    /** Answers a request that nothing speaks against. Completes on any thread. */
    CompletionStage<Answer> answer(HttpRequest request) {
        String path = PathText.path(request.uri());
        List<String> segments = PathText.segments(path);
        Optional<WebFile> file = files.at(path);
        if (file.isPresent()) {
            return done(tagged(
                    request, file.get().type(), file.get().bytes(), file.get().etag()));
        }
        if (path.equals("/")) {
            return states().thenApply(this::index);
        }
        if (path.equals("/api/screens")) {
            return states().thenApply(this::list);
        }
        if (path.equals("/metrics") && metrics.isPresent()) {
            return CompletableFuture.supplyAsync(
                    () -> Answer.text(METRICS_TYPE, metrics.get().text()), threads.encoders());
        }
        if (segments.get(0).equals(SCREENS) && segments.size() > 1) {
            return screenCalled(segments.get(1))
                    .flatMap(shown -> ofScreen(request, shown, path, segments.subList(2, segments.size())))
                    .orElseGet(() -> done(notFound(path, segments)));
        }
        return done(notFound(path, segments));
    }

    private Optional<Shown> screenCalled(String segment) {
        return PathText.decoded(segment).flatMap(name -> Optional.ofNullable(screens.get(name)));
    }

    private Optional<CompletionStage<Answer>> ofScreen(
            HttpRequest request, Shown shown, String path, List<String> rest) {
        if (rest.isEmpty()) {
            return Optional.of(done(Answer.movedTo(path + "/")));
        }
        if (rest.size() > 1) {
            return Optional.empty();
        }
        return switch (rest.get(0)) {
            case "" -> Optional.of(done(viewer(shown.screen)));
            case "thumbnail.png" -> Optional.of(picture(request, shown, SnapshotKind.THUMBNAIL));
            case "picture.png" -> Optional.of(picture(request, shown, SnapshotKind.PNG));
            case "picture.jpg" -> Optional.of(picture(request, shown, SnapshotKind.JPEG));
            case "rfb" ->
                Optional.of(done(refusal(
                                path,
                                new Refusal(HttpResponseStatus.UPGRADE_REQUIRED, "Only WebSockets are answered here."))
                        .with("upgrade", "websocket")));
            default -> Optional.empty();
        };
    }

    private CompletionStage<Answer> picture(HttpRequest request, Shown shown, SnapshotKind kind) {
        return shown.snapshots
                .take(kind)
                .thenApply(made -> tagged(
                        request, kind.type(), made.bytes(), "\"" + era + "-" + kind + "-" + made.generation() + "\""));
    }

    private static Answer tagged(HttpRequest request, String type, byte[] body, String etag) {
        String known = request.headers().get(HttpHeaderNames.IF_NONE_MATCH, "");
        boolean has = Arrays.stream(known.split(","))
                .map(tag -> tag.strip().replaceFirst("^W/", ""))
                .anyMatch(etag::equals);
        return has ? Answer.notModified(etag) : Answer.tagged(type, body, etag);
    }

    private CompletionStage<List<State>> states() {
        List<CompletableFuture<State>> all = new ArrayList<>();
        for (Shown shown : screens.values()) {
            all.add(shown.snapshots
                    .take(SnapshotKind.FACTS)
                    .thenApply(facts -> new State(
                            shown.screen,
                            facts,
                            shown.snapshots.picturesPerSecond(),
                            shown.screen.service().clients().size())));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .thenApply(none -> all.stream().map(CompletableFuture::join).toList());
    }

    private Answer list(List<State> states) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator generator = json.createGenerator(bytes)) {
            generator.writeStartArray();
            for (State state : states) {
                write(generator, state);
            }
            generator.writeEndArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return Answer.json(HttpResponseStatus.OK, bytes.toByteArray());
    }

    private static void write(JsonGenerator generator, State state) throws IOException {
        generator.writeStartObject();
        generator.writeStringField("name", state.screen.name());
        generator.writeStringField("path", path(state.screen));
        generator.writeNumberField("width", state.facts.width());
        generator.writeNumberField("height", state.facts.height());
        generator.writeStringField("state", state.facts.absence().isPresent() ? "absent" : "shown");
        generator.writeFieldName("absence");
        generator.writeObject(state.facts.absence().orElse(null));
        generator.writeNumberField("picture", state.facts.generation());
        generator.writeFieldName("pictures_per_second");
        if (state.picturesPerSecond.isPresent()) {
            generator.writeNumber(Math.round(state.picturesPerSecond.getAsDouble() * 10) / 10.0);
        } else {
            generator.writeNull();
        }
        generator.writeNumberField("viewers", state.viewers);
        generator.writeEndObject();
    }

    private static String path(WebScreen screen) {
        return "/" + SCREENS + "/" + PathText.encoded(screen.name()) + "/";
    }

    private Answer index(List<State> states) {
        StringBuilder cards = new StringBuilder();
        states.forEach(state -> cards.append(card(state)));
        String html = new Page(indexPage)
                .withHtml("cards", cards.toString())
                .with("none", states.isEmpty() ? "There are no screens here." : "")
                .withHtml("metrics", metrics.isPresent() ? "<a href=\"/metrics\">Metrics</a>" : "")
                .html();
        return Answer.page(HttpResponseStatus.OK, html);
    }

    /** The same words as in index.js, which changes them every second. */
    private String card(State state) {
        Snapshot facts = state.facts;
        return new Page(card)
                .with("name", state.screen.name())
                .with("path", path(state.screen))
                .with("state", facts.absence().isPresent() ? "absent" : "shown")
                .with("size", facts.absence().isPresent() ? "" : facts.width() + " × " + facts.height())
                .with("rate", rate(state))
                .with("viewers", viewers(state.viewers))
                .with("absence", facts.absence().orElse(""))
                .html();
    }

    private static String rate(State state) {
        if (state.facts.absence().isPresent() || state.picturesPerSecond.isEmpty()) {
            return "";
        }
        return String.format(Locale.ROOT, "%.0f pictures/s", state.picturesPerSecond.getAsDouble());
    }

    private static String viewers(int count) {
        return switch (count) {
            case 0 -> "";
            case 1 -> "1 viewer";
            default -> count + " viewers";
        };
    }

    private Answer viewer(WebScreen screen) {
        Page page = new Page(files.noVnc().isPresent() ? viewerPage : snapshotsPage)
                .with("name", screen.name())
                .with("path", path(screen));
        files.noVnc().ifPresent(version -> page.with("novnc", version));
        return Answer.page(HttpResponseStatus.OK, page.html());
    }

    private Answer notFound(String path, List<String> segments) {
        boolean ofScreen = segments.size() > 1 && segments.get(0).equals(SCREENS);
        String sentence = ofScreen && screenCalled(segments.get(1)).isEmpty()
                ? "There is no screen of this name."
                : "There is nothing at this address.";
        return refusal(path, new Refusal(HttpResponseStatus.NOT_FOUND, sentence));
    }

    /** A page with one sentence, or JSON with it. */
    Answer refusal(String path, Refusal refusal) {
        if (path.startsWith("/api/")) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (JsonGenerator generator = json.createGenerator(bytes)) {
                generator.writeStartObject();
                generator.writeStringField("error", refusal.sentence());
                generator.writeEndObject();
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
            return Answer.json(refusal.status(), bytes.toByteArray());
        }
        String html = new Page(errorPage)
                .with("status", Integer.toString(refusal.status().code()))
                .with("sentence", refusal.sentence())
                .html();
        return Answer.page(refusal.status(), html);
    }

    private static CompletionStage<Answer> done(Answer answer) {
        return CompletableFuture.completedFuture(answer);
    }

    /** The thread that the pictures' state belongs to. */
    EventLoop home() {
        return home;
    }

    @Override
    public void close() {
        screens.values().forEach(shown -> shown.snapshots.close());
    }
}
