package io.vfio4j.mdev;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.GvtDescription.Resolution;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MdevTypesTest {
    private static final String GPU = "0000:00:02.0";

    private final EmulatedHost host = EmulatedHost.builder()
            .parent(VgpuProfile.MAINLINE)
            .parent(VgpuProfile.MDPY)
            .aperture(512)
            .build();
    private final SystemCalls calls = host.systemCalls();

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void theParentsOfAHostAreListed() throws Exception {
        assertEquals(
                List.of(GPU, "mdpy"),
                MdevParent.list(calls).stream().map(MdevParent::name).toList());
        assertEquals(Optional.empty(), MdevParent.obstacle(calls));
        assertEquals(MdevParent.list(calls).get(0), MdevParent.find(calls, GPU));
    }

    @Test
    void typesTellWhatTheyAreAndHowManyThereCanBe() throws Exception {
        List<MdevType> types = MdevParent.find(calls, GPU).types(calls);
        assertEquals(
                List.of("i915-GVTg_V5_2", "i915-GVTg_V5_4", "i915-GVTg_V5_8"),
                types.stream().map(MdevType::name).toList());
        MdevType type = types.get(1);
        assertEquals(Optional.of("vfio-pci"), type.deviceApi());
        assertEquals(Optional.of("GVTg_V5_4"), type.label());
        assertEquals(OptionalLong.of(3), type.availableInstances());
        assertEquals(
                Optional.of(new GvtDescription(
                        OptionalInt.of(128),
                        OptionalInt.of(512),
                        OptionalInt.of(4),
                        Optional.of(new Resolution(1920, 1200)),
                        OptionalInt.of(4))),
                type.gvt());
        assertEquals(
                Optional.empty(),
                MdevParent.find(calls, "mdpy").type(calls, "mdpy-vga").gvt());
    }

    @Test
    void whatAKernelDoesNotSayIsEmpty() throws Exception {
        for (String attribute : List.of("/name", "/description", "/device_api", "/available_instances")) {
            host.faults().failOn("open", "V5_4" + attribute, Errno.ENOENT);
        }
        MdevType type = MdevParent.find(calls, GPU).type(calls, "i915-GVTg_V5_4");
        assertEquals(Optional.empty(), type.label());
        assertEquals(Optional.empty(), type.description());
        assertEquals(Optional.empty(), type.deviceApi());
        assertEquals(OptionalLong.empty(), type.availableInstances());
        assertEquals(Optional.empty(), type.gvt());
    }

    @Test
    void anUnknownParentOrTypeIsAnsweredWithThoseThereAre() {
        LinuxException parent = assertThrows(LinuxException.class, () -> MdevParent.find(calls, "0000:00:03.0"));
        assertEquals(Errno.ENODEV, parent.errno());
        assertEquals("Mediated devices can be created on: 0000:00:02.0, mdpy.", parent.advice());
        LinuxException type = assertThrows(
                LinuxException.class, () -> MdevParent.find(calls, GPU).type(calls, "i915-GVTg_V5_1"));
        assertEquals(Errno.ENOENT, type.errno());
        assertEquals("0000:00:02.0 offers: i915-GVTg_V5_2, i915-GVTg_V5_4, i915-GVTg_V5_8.", type.advice());
    }

    @Test
    void aHostWithoutParentsSaysSo() throws Exception {
        try (EmulatedHost none = EmulatedHost.builder().build()) {
            assertEquals(List.of(), MdevParent.list(none.systemCalls()));
            assertTrue(
                    MdevParent.obstacle(none.systemCalls()).orElseThrow().contains("no device that could be a parent"));
            LinuxException refusal =
                    assertThrows(LinuxException.class, () -> MdevParent.find(none.systemCalls(), "mdpy"));
            assertTrue(refusal.advice().contains("no device that could be a parent"), refusal.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "../../x",
                "a/b",
                "/",
                "a\nb",
                "a\u0000",
                "\u0000",
                " ",
                "mdpy ",
                "mdpy\n",
                "caf\u00e9",
                "\u202e",
                "\ud800",
                "\u007f"
            })
    void aNameThatCouldBeAPathOrWorseIsRefusedBeforeAnythingIsOpened(String name) throws Exception {
        MdevParent parent = MdevParent.find(calls, GPU);
        host.clearTrace();
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> MdevParent.find(calls, name));
        assertThrows(IllegalArgumentException.class, () -> parent.type(calls, name));
        assertEquals(List.of(), host.trace());
        assertFalse(
                refusal.getMessage().chars().anyMatch(character -> character < ' ' || character == 0x202e),
                refusal.getMessage());
    }

    @Test
    void aVeryLongNameIsRefusedInAShortMessage() {
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> MdevParent.find(calls, "a".repeat(100_000)));
        assertTrue(refusal.getMessage().length() < 200);
        assertThrows(LinuxException.class, () -> MdevParent.find(calls, "a".repeat(255)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0000:00:02.0", "mdpy", "vfio_ap-passthrough", "nvidia-35", "10.1.2.3", "a!b@c+d,e=f"})
    void namesAsDriversGiveThemAreTaken(String name) {
        assertTrue(SysfsName.isValid(name));
    }

    @Test
    void aDescriptionIsReadAsFarAsItCanBeUnderstood() {
        assertEquals(
                new GvtDescription(
                        OptionalInt.empty(),
                        OptionalInt.of(384),
                        OptionalInt.empty(),
                        Optional.empty(),
                        OptionalInt.of(2)),
                GvtDescription.parse("low_gm_size: 64KB\nweight:2\nresolution: 0x0\nfence: -4\nhigh_gm_size: 384MB"
                        + "\nweight: 16\nsomething else"));
        for (String odd : List.of(
                "",
                "\n\n",
                "weight",
                "weight:",
                "resolution: 99999999999x1",
                "resolution: 1920x1200x2",
                "resolution: 1920 x 1200",
                "fence: 99999999999999999999",
                "low_gm_size: \u0661MB",
                "x".repeat(100_000))) {
            GvtDescription none = new GvtDescription(
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    Optional.empty(),
                    OptionalInt.empty());
            assertEquals(none, GvtDescription.parse(odd));
        }
    }
}
