package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.shinyhut.vernacular.client.exceptions.AuthenticationFailedException;
import io.vfio4j.emulator.EmulatedGuest;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A VNC client that is not ours, over real sockets, at an emulated display. */
@Timeout(60)
class ForeignClientTest {
    private static boolean shows(BufferedImage image, EmulatedGuest guest) {
        if (image.getWidth() != guest.width() || image.getHeight() != guest.height()) {
            return false;
        }
        for (int y = 0; y < guest.height(); y++) {
            for (int x = 0; x < guest.width(); x++) {
                if ((image.getRGB(x, y) & 0xffffff) != (guest.shownPixel(x, y) & 0xffffff)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Test
    void pixelsAreThoseOfTheGuestBeforeAndAfterItFlips() throws Exception {
        try (RfbStage stage = new RfbStage()) {
            Onlooker onlooker = stage.with(Onlooker.at(stage.port()));
            onlooker.awaitPicture("the first picture", image -> shows(image, stage.guest()));
            for (int i = 0; i < 5; i++) {
                stage.guest().draw();
                stage.guest().flip();
                onlooker.awaitPicture("picture " + i, image -> shows(image, stage.guest()));
            }
        }
    }

    @Test
    void aChangeOfModeIsFollowed() throws Exception {
        try (RfbStage stage = new RfbStage()) {
            Onlooker onlooker = stage.with(Onlooker.at(stage.port()));
            onlooker.awaitPicture("the first picture", image -> shows(image, stage.guest()));
            stage.guest().setMode(640, 400);
            stage.guest().flip();
            onlooker.awaitPicture("the larger picture", image -> shows(image, stage.guest()));
            stage.guest().setMode(128, 96);
            stage.guest().flip();
            onlooker.awaitPicture("the smaller picture", image -> shows(image, stage.guest()));
        }
    }

    @Test
    void theRightPasswordIsTaken() throws Exception {
        try (RfbStage stage = new RfbStage(RfbOptions.DEFAULTS.withPassword(RfbPassword.of("s3cret!?")))) {
            Onlooker onlooker =
                    stage.with(Onlooker.at(stage.port(), config -> config.setPasswordSupplier(() -> "s3cret!?")));
            onlooker.awaitPicture("the picture", image -> shows(image, stage.guest()));
            assertEquals(1, stage.server.service().stats().accepted());
        }
    }

    @Test
    void theWrongPasswordIsRefused() throws Exception {
        try (RfbStage stage = new RfbStage(RfbOptions.DEFAULTS.withPassword(RfbPassword.of("s3cret!?")))) {
            Onlooker onlooker =
                    stage.with(Onlooker.at(stage.port(), config -> config.setPasswordSupplier(() -> "s3cret!!")));
            assertInstanceOf(AuthenticationFailedException.class, onlooker.awaitError());
            assertEquals(0, stage.server.service().stats().accepted());
            assertEquals(1, stage.server.service().stats().refused());
        }
    }

    @Test
    void manyClientsSeeTheSame() throws Exception {
        try (RfbStage stage = new RfbStage()) {
            List<Onlooker> onlookers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                onlookers.add(stage.with(Onlooker.at(stage.port())));
            }
            for (int i = 0; i < 3; i++) {
                stage.guest().draw();
                stage.guest().flip();
                for (Onlooker onlooker : onlookers) {
                    onlooker.awaitPicture("picture " + i, image -> shows(image, stage.guest()));
                }
            }
            assertEquals(10, stage.server.service().clients().size());
            assertTrue(stage.server.service().stats().updates() >= 30);
            // Each takes a second to stop; so all at once.
            List<Thread> leaving = onlookers.stream()
                    .map(onlooker -> new Thread(onlooker::close))
                    .toList();
            leaving.forEach(Thread::start);
            for (Thread thread : leaving) {
                thread.join();
            }
        }
    }
}
