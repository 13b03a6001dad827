package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatusReadingTest {
    /** From the C library's makedev(). */
    @ParameterizedTest
    @CsvSource({
        "0x103, 1, 3",
        "0x1ff05, 511, 5",
        "0x10003, 256, 3",
        "0x100000, 0, 256",
        "0xfffff000ffffffff, 0xffffffff, 0x000fffff",
        "0x00000ffffff0ffff, 255, 0xffffffff"
    })
    void aDeviceNumberFallsApartAsTheCLibraryPutsItTogether(String device, String major, String minor) {
        long number = Long.parseUnsignedLong(device.substring(2), 16);
        assertEquals(Long.decode(major).intValue(), StatusReading.major(number));
        assertEquals(Long.decode(minor).intValue(), StatusReading.minor(number));
    }
}
