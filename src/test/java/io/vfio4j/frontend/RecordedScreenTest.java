package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.Scenario;
import io.vfio4j.frontend.ScreenStage.Copy;
import io.vfio4j.recording.Recorder;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a recording of JDK Flight Recorder holds of a screen. */
class RecordedScreenTest {
    @TempDir
    Path directory;

    private List<RecordedEvent> dumped(Recording recording, String name, String display) throws Exception {
        Path file = directory.resolve("screen.jfr");
        recording.stop();
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("io.vfio4j." + name))
                .filter(event -> event.getString("display").equals(display))
                .toList();
    }

    @Test
    void eachPictureIsRecordedWithWhatChanged() throws Exception {
        try (Recording recording = new Recording();
                ScreenStage stage = ScreenStage.of("v6");
                LiveScreen screen = LiveScreen.named("recorded", ScreenStage.DIRECT);
                Copy copy = new Copy(screen, CursorStyle.SEPARATE)) {
            recording.enable("io.vfio4j.PictureCaptured");
            recording.start();
            screen.attach(stage.attach());
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.pass(320);
            stage.vgpu().guest().stop();
            copy.take();
            LiveStats stats = screen.stats();
            List<RecordedEvent> events = dumped(recording, "PictureCaptured", "recorded");
            assertEquals(stats.captures(), events.size());
            assertEquals(
                    stats.changedPixels(),
                    events.stream()
                            .mapToLong(event -> event.getLong("changedPixels"))
                            .sum());
            assertEquals(
                    stats.unchanged(),
                    events.stream()
                            .filter(event -> event.getBoolean("unchanged"))
                            .count());
            assertTrue(events.stream().noneMatch(event -> event.getDuration().isNegative()));
        }
    }

    @Test
    void anUpdateIsRecordedWhenItIsSent() throws Exception {
        Recorder recorder = Recorder.create();
        try (Recording recording = new Recording()) {
            recording.disable("io.vfio4j.UpdateSent");
            recording.start();
            assertSame(Recorder.UpdateSpan.UNRECORDED, recorder.update());
            recording.enable("io.vfio4j.UpdateSent");
            Recorder.UpdateSpan neverSent = recorder.update();
            recorder.update().end("served", "127.0.0.1:4711", "ZRLE", 1234);
            assertTrue(neverSent != Recorder.UpdateSpan.UNRECORDED);
            List<RecordedEvent> events = dumped(recording, "UpdateSent", "served");
            assertEquals(1, events.size());
            assertEquals("127.0.0.1:4711", events.get(0).getString("client"));
            assertEquals("ZRLE", events.get(0).getString("encoding"));
            assertEquals(1234, events.get(0).getLong("bytes"));
        }
    }
}
