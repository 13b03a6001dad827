package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.mdev.MdevParent;
import io.vfio4j.mdev.MdevType;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a real kernel, with groups alone or with the nodes of devices beside them. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealMdevTest extends MdevContract {
    @Override
    MdevHost openHost() {
        return new RealMdevHost(JnaLinux.open());
    }

    @Test
    void theTypesOfMttyHaveANameButNoDescription() throws Exception {
        SystemCalls calls = JnaLinux.open();
        MdevType type = MdevParent.find(calls, "mtty").type(calls, "mtty-2");
        assertEquals(Optional.of("Dual port serial"), type.label());
        assertEquals(Optional.empty(), type.description());
        assertEquals(Optional.of("vfio-pci"), type.deviceApi());
        assertEquals(OptionalLong.of(12), type.availableInstances());
    }
}
