package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.Scenario;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a recording of JDK Flight Recorder holds of a display. */
class FlightRecorderTest {
    @TempDir
    Path directory;

    private List<RecordedEvent> dumped(Recording recording, String display) throws Exception {
        Path file = directory.resolve("display.jfr");
        recording.stop();
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("io.vfio4j."))
                .filter(event -> event.getString("display").equals(display))
                .toList();
    }

    private static List<RecordedEvent> named(String name, List<RecordedEvent> events) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("io.vfio4j." + name))
                .toList();
    }

    @Test
    void deliveriesSlowListenersAndTheLifeOfADisplayAreRecorded() throws Exception {
        try (Recording recording = new Recording();
                Stage stage = Stage.of("v6")) {
            recording.enable("io.vfio4j.RefreshDelivered");
            recording.enable("io.vfio4j.ListenerSlow").withThreshold(Duration.ofMillis(1));
            recording.enable("io.vfio4j.DisplayLifecycle");
            recording.start();
            Display display = stage.attach();
            Notes notes = new Notes();
            display.subscribe(notes);
            display.subscribe(event -> {
                if (event.source() == RefreshSource.RESYNC) {
                    long until = System.nanoTime() + 3_000_000;
                    while (System.nanoTime() < until) {
                        LockSupport.parkNanos(1_000_000);
                    }
                    throw new IllegalStateException("slow and broken");
                }
            });
            stage.settle();
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(160);
            display.close();
            stage.errors.clear();
            List<RecordedEvent> events = dumped(recording, display.name());
            List<RecordedEvent> delivered = named("RefreshDelivered", events);
            assertEquals(2 * notes.events.size(), delivered.size());
            assertEquals(
                    2 * notes.events.stream().mapToLong(RefreshEvent::merged).sum(),
                    delivered.stream()
                            .mapToLong(event -> event.getInt("merged"))
                            .sum());
            assertEquals("RESYNC", delivered.get(0).getString("source"));
            assertTrue(named("ListenerSlow", events).size() >= 1);
            List<String> life = named("DisplayLifecycle", events).stream()
                    .map(event -> event.getString("what"))
                    .toList();
            assertEquals(List.of("attached, by irq", "closed"), life);
        }
    }

    @Test
    void nothingIsRecordedWhenItIsOff() throws Exception {
        try (Recording recording = new Recording();
                Stage stage = Stage.of("v6")) {
            List<String> off = new ArrayList<>(
                    List.of("io.vfio4j.RefreshDelivered", "io.vfio4j.ListenerSlow", "io.vfio4j.DisplayLifecycle"));
            off.forEach(recording::disable);
            recording.start();
            Display display = stage.attach();
            display.subscribe(new Notes());
            stage.vgpu().guest().run(Scenario.FLIP);
            stage.passMillis(160);
            assertFalse(display.recorder().isRecording());
            display.close();
            assertEquals(List.of(), dumped(recording, display.name()));
        }
    }
}
