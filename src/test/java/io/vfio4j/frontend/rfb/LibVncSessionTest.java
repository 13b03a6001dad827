package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Viewing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A client that others wrote sees what the guest shows, through all of the server. */
@Tag("peers")
@Timeout(120)
class LibVncSessionTest {
    private static final int FLIPS = 20;
    private static final String QUIET_MILLIS = "1500";

    @TempDir
    Path directory;

    /** It ends when nothing has come for a while, which is after the last flip. */
    private LibVncClient.Seen watch(RfbStage stage, int bits, String... options) {
        CompletableFuture<LibVncClient.Seen> client = CompletableFuture.supplyAsync(() -> {
            List<String> all = new ArrayList<>(List.of("--quiet", QUIET_MILLIS));
            all.addAll(List.of(options));
            try {
                return LibVncClient.run(directory, stage.port(), bits, all.toArray(String[]::new));
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            } catch (InterruptedException interrupted) {
                throw new CompletionException(interrupted);
            }
        });
        EmulatedGuest guest = stage.guest();
        for (int i = 0; i < FLIPS; i++) {
            guest.draw();
            guest.flip();
        }
        return client.join();
    }

    /** The first picture can take long on a busy machine; a client that has seen a placeholder would take that for the end. */
    private static Viewing awaitPicture(RfbStage stage) throws InterruptedException {
        Semaphore news = new Semaphore(1);
        Viewing viewing = stage.screen.view(CursorStyle.DRAWN, news::release);
        boolean isShown = false;
        while (!isShown) {
            assertTrue(news.tryAcquire(1, TimeUnit.MINUTES), "no picture");
            Optional<Look> look = viewing.look();
            isShown = look.isPresent() && look.get().absence().isEmpty();
            look.ifPresent(Look::close);
        }
        return viewing;
    }

    private static void assertShows(EmulatedGuest guest, LibVncClient.Seen seen) {
        assertEquals(guest.width(), seen.number("width"));
        assertEquals(guest.height(), seen.number("height"));
        for (int y = 0; y < guest.height(); y++) {
            for (int x = 0; x < guest.width(); x++) {
                int column = x;
                int line = y;
                assertEquals(
                        PictureDecoder.expected(seen.format(), guest.shownPixel(x, y)),
                        seen.picture()[y * guest.width() + x],
                        () -> "at " + column + "," + line);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "raw, 8",
        "raw, 16",
        "raw, 32",
        "zlib, 32",
        "tight, 8",
        "tight, 16",
        "tight, 32",
        "zrle, 8",
        "zrle, 16",
        "zrle, 32"
    })
    void itSeesWhatTheGuestShows(String encoding, int bits) throws Exception {
        try (RfbStage stage = new RfbStage()) {
            stage.guest().setMode(640, 400);
            try (Viewing other = awaitPicture(stage)) {
                LibVncClient.Seen seen = watch(stage, bits, "--encodings", encoding + " copyrect");
                assertShows(stage.guest(), seen);
                other.look().ifPresent(Look::close);
            }
        }
    }

    @Test
    void itKnowsThePassword() throws Exception {
        try (RfbStage stage = new RfbStage(RfbOptions.DEFAULTS.withPassword(RfbPassword.of("s3cret!?")))) {
            try (Viewing other = awaitPicture(stage)) {
                LibVncClient.Seen seen = watch(stage, 32, "--encodings", "zrle", "--password", "s3cret!?");
                assertShows(stage.guest(), seen);
                other.look().ifPresent(Look::close);
            }
        }
    }
}
