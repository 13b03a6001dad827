package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a recording of JDK Flight Recorder holds of a server. */
class RecordedUpdateTest {
    @TempDir
    Path directory;

    @Test
    void eachUpdateThatIsSentIsRecordedWithItsClientAndEncoding() throws Exception {
        try (Recording recording = new Recording();
                Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            recording.enable("io.vfio4j.UpdateSent");
            recording.start();
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(16));
            wire.say(client, Bytes.request(false, 0, 0, Wire.WIDTH, Wire.HEIGHT));
            wire.settle(client);
            long updates = wire.service.stats().updates();
            assertTrue(updates > 0, "updates");
            Path file = directory.resolve("server.jfr");
            recording.stop();
            recording.dump(file);
            List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                    .filter(event -> event.getEventType().getName().equals("io.vfio4j.UpdateSent"))
                    .filter(event -> event.getString("display").equals(wire.screen.name()))
                    .toList();
            assertEquals(updates, events.size());
            assertTrue(
                    events.stream()
                            .allMatch(event -> event.getString("encoding").equals("ZRLE")),
                    events::toString);
            assertTrue(events.stream().allMatch(event -> event.getLong("bytes") > 0), events::toString);
        }
    }
}
