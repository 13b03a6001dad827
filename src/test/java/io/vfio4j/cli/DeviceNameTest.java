package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.emulator.vcpu.Boost;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
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
        "emulated:mbochs,                     emulated:mbochs:flip",
        "'emulated:v5:format=RG16,tiling=y,mappable,size=3840x2160,cursor',"
                + "'emulated:v5:cursor,format=RG16,tiling=y,mappable=yes,size=3840x2160'",
        "'emulated:mdpy:mappable=no',         'emulated:mdpy:flip,mappable=no'",
        "'emulated:v6:display=off',           'emulated:v6:flip,display=off'",
        "'emulated:v5:overcommit=3',          'emulated:v5:flip,overcommit=3'",
        "'emulated:v5:boost=ready-fixed,seed=-7,overcommit=16,mode',"
                + "'emulated:v5:mode,boost=ready-fixed,seed=-7,overcommit=16'",
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
    @CsvSource({
        "pid:1, 1, ",
        "pid:4194303, 4194303, ",
        "pid:4711/" + UUID_TEXT + ", 4711, " + UUID_TEXT,
        "pid:4711/8F9C1A8E-3F5D-4B2A-9A55-0D0F1D5A7B11, 4711, " + UUID_TEXT,
        "pid:4711/0000:0A:00.0, 4711, 0000:0a:00.0",
    })
    void aDeviceOfAnotherProcessIsNamedByItsNumber(String text, int pid, @Nullable String device) {
        DeviceName name = DeviceName.parse(text);
        assertEquals(new DeviceName.OfProcess(pid, Optional.ofNullable(device)), name);
        assertEquals(name, DeviceName.parse(name.text()));
        assertTrue(name.isShared());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pid:",
                "pid:0",
                "pid:-1",
                "pid:01",
                "pid:+1",
                "pid:self",
                "pid:4194304",
                "pid:99999999999999999999",
                "pid:1 ",
                "pid:1\n",
                "pid:/" + UUID_TEXT,
                "pid:1/",
                "pid:1/..",
                "pid:1/" + UUID_TEXT + "/",
                "pid:1/../2/fd",
                "pid:1/0000:00:02.9",
                "pid:1:" + UUID_TEXT
            })
    void anythingElseIsNoProcessOrNoDeviceOfOne(String text) {
        String message = refusal(text);
        assertTrue(message.startsWith("'" + text + "'"), message);
        assertTrue(message.contains("write pid:PID"), message);
    }

    @Test
    void aSocketIsNamedByItsPath() {
        assertEquals(new DeviceName.OnSocket("/run/vm.sock"), DeviceName.parse("socket:/run/vm.sock"));
        assertEquals(
                Path.of("vm.sock").toAbsolutePath().toString(),
                assertInstanceOf(DeviceName.OnSocket.class, DeviceName.parse("socket:vm.sock"))
                        .path());
        String longest = "/" + "x".repeat(106);
        assertEquals("socket:" + longest, DeviceName.parse("socket:" + longest).text());
        assertTrue(refusal("socket:" + longest + "x").contains("at most 107 bytes"));
        assertTrue(refusal("socket:/" + "\u00e4".repeat(54)).contains("at most 107 bytes"));
        assertTrue(refusal("socket:").contains("write socket:PATH"));
        assertTrue(refusal("socket:/a\0b").contains("write socket:PATH"));
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
                "emulated:v5:kvm=maybe",
                "emulated:v5:format=NV12",
                "emulated:v5:tiling=z",
                "emulated:v5:mappable=maybe",
                "emulated:v5:display=yes",
                "emulated:mdpy:format=RG16",
                "emulated:mbochs:tiling=x",
                "emulated:mdpy:display=off",
                "emulated:v5:overcommit=0",
                "emulated:v5:overcommit=-1",
                "emulated:v5:overcommit=17",
                "emulated:v5:overcommit=",
                "emulated:v5:overcommit=many",
                "emulated:v5:overcommit=2,boost=",
                "emulated:v5:overcommit=2,boost=turbo",
                "emulated:v5:overcommit=2,seed=",
                "emulated:v5:overcommit=2,seed=9223372036854775808",
                "emulated:v5:boost=ready",
                "emulated:v5:seed=1"
            })
    void valuesOutOfBoundsAreRefused(String text) {
        assertTrue(!refusal(text).isBlank());
    }

    @Test
    void aValueOutOfBoundsIsToldTheBounds() {
        assertEquals("a screen of 70x50; width and height are 64 to 16384", refusal("emulated:v5:size=70x50"));
        assertEquals("a refresh rate of 1001 Hz; it is 1 to 1000", refusal("emulated:v5:hz=1001"));
        assertEquals("9 buffers; a guest has 1 to 8", refusal("emulated:v5:buffers=9"));
    }

    @Test
    void aGuestSharesItsHostWithSoManyOthers() {
        DeviceName.Emulated name =
                assertInstanceOf(DeviceName.Emulated.class, DeviceName.parse("emulated:v5:boost=ready,overcommit=3"));
        assertEquals(OptionalInt.of(3), name.profile().overcommit());
        DeviceName.Emulated alone = assertInstanceOf(DeviceName.Emulated.class, DeviceName.parse("emulated:v5"));
        assertTrue(alone.profile().overcommit().isEmpty());
        assertEquals("an overcommit of 17; 1 to 16 guests share a host", refusal("emulated:v5:overcommit=17"));
    }

    @Test
    void everyBoostHasAName() {
        for (Boost boost : Boost.values()) {
            String name = "emulated:v5:flip,overcommit=2,boost=" + boost.label();
            assertEquals(name, DeviceName.parse(name).text());
        }
        String message = refusal("emulated:v5:overcommit=2,boost=turbo");
        Boost.labels().forEach(label -> assertTrue(message.contains(label), message));
    }

    @Test
    void aBoostOrASeedSaysNothingWithoutOvercommit() {
        for (String item : List.of("boost=ready", "seed=7")) {
            String message = refusal("emulated:v5:flip," + item);
            assertTrue(message.contains("'" + item + "' says nothing without overcommit=GUESTS"), message);
        }
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
