package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceNameTest {
    private static final String UUID_TEXT = "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11";

    @ParameterizedTest
    @CsvSource({
        "emulated,                            emulated:v5:flip",
        "emulated:v6,                         emulated:v6:flip",
        "emulated:none:idle,                  emulated:none:idle",
        "'emulated:v3:size=1280x720',         'emulated:v3:flip,size=1280x720'",
        "'emulated:port:hz=30,mode,buffers=2', 'emulated:port:mode,hz=30,buffers=2'",
    })
    void anEmulatedNameIsCompletedByItsDefaults(String text, String canonical) {
        assertEquals(canonical, DeviceName.parse(text).text());
        assertEquals(canonical, DeviceName.parse(canonical).text());
    }

    static List<String> dialects() {
        return VgpuProfile.names();
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void everyEmulatedDialectHasANameAndADescription(String dialect) {
        DeviceName.Emulated name = assertInstanceOf(DeviceName.Emulated.class, DeviceName.parse("emulated:" + dialect));
        assertEquals(dialect, name.profile().name());
        assertTrue(!Dialects.describe(dialect).equals("an emulated vGPU"), dialect);
    }

    @Test
    void everyScenarioHasAName() {
        for (Scenario scenario : Scenario.values()) {
            DeviceName.Emulated name =
                    assertInstanceOf(DeviceName.Emulated.class, DeviceName.parse("emulated:v5:" + scenario.label()));
            assertEquals(scenario, name.scenario());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {UUID_TEXT, "/sys/bus/mdev/devices/" + UUID_TEXT, "8F9C1A8E-3F5D-4B2A-9A55-0D0F1D5A7B11"})
    void aMediatedDeviceIsNamedByItsUuidOrItsPlaceInSysfs(String text) {
        assertEquals(new DeviceName.Mdev(UUID.fromString(UUID_TEXT)), DeviceName.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "emulator",
                "..",
                "../../etc",
                "/sys/bus/mdev/devices/",
                "/sys/bus/mdev/devices/..",
                "/sys/bus/mdev/devices/" + UUID_TEXT + "/..",
                "/sys/bus/mdev/devices/../devices/" + UUID_TEXT,
                "/sys/bus/pci/devices/" + UUID_TEXT,
                UUID_TEXT + "/",
                UUID_TEXT + "\n",
                "8f9c1a8e3f5d4b2a9a550d0f1d5a7b11",
                "1-1-1-1-1"
            })
    void nothingElseIsADeviceLeastOfAllAPath(String text) {
        String message = refusal(text);
        assertTrue(message.contains("names no device"), message);
        assertTrue(message.contains("emulated[:DIALECT[:ITEM,...]]"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pid:1234", "socket:/run/vm.sock"})
    void namesForTheVgpuOfARunningVmmAreReserved(String text) {
        assertTrue(refusal(text).contains("reserved"), refusal(text));
    }

    @Test
    void anUnknownDialectIsToldWhichThereAre() {
        String message = refusal("emulated:v7");
        assertTrue(message.contains("'v7'"), message);
        VgpuProfile.names().forEach(name -> assertTrue(message.contains(name), message));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "emulated:v5:flop",
                "emulated:v5:",
                "emulated:v5:flip,",
                "emulated:v5:colour=blue",
                "emulated:v5:FLIP"
            })
    void anUnknownItemIsToldWhichThereAre(String text) {
        String message = refusal(text);
        assertTrue(message.contains("unknown item"), message);
        Scenario.labels().forEach(label -> assertTrue(message.contains(label), message));
        assertTrue(message.contains("size=WIDTHxHEIGHT"), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "emulated:v5:size=1920",
                "emulated:v5:size=0x0",
                "emulated:v5:size=99999x99999",
                "emulated:v5:size=-1x5",
                "emulated:v5:hz=0",
                "emulated:v5:hz=fast",
                "emulated:v5:hz=99999999999",
                "emulated:v5:buffers=0",
                "emulated:v5:kvm=maybe"
            })
    void valuesOutOfBoundsAreRefused(String text) {
        assertTrue(!refusal(text).isBlank());
    }

    @Test
    void aGuestPlaysOneScenario() {
        assertTrue(refusal("emulated:v5:flip,idle").contains("two scenarios"));
    }

    private static String refusal(String text) {
        return assertThrows(IllegalArgumentException.class, () -> DeviceName.parse(text))
                .getMessage();
    }
}
