package io.vfio4j.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every id of include/drm/intel/i915_pciids.h of Linux 6.12. */
class IntelGenerationTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            maxCharsPerColumn = 20_000,
            value = {
                "SANDY_BRIDGE | 0102 0106 010a 0112 0116 0122 0126",
                "IVY_BRIDGE | 0152 0156 015a 0162 0166 016a",
                "HASWELL | 0402 0406 040a 040b 040e 0412 0416 041a 041b 041e 0422 0426 042a 042b 042e 0a02 0a06 0a0a 0a0b 0a0e 0a12 0a16 0a1a 0a1b 0a1e 0a22 0a26 0a2a 0a2b 0a2e 0c02 0c06 0c0a 0c0b 0c0e 0c12 0c16 0c1a 0c1b 0c1e 0c22 0c26 0c2a 0c2b 0c2e 0d02 0d06 0d0a 0d0b 0d0e 0d12 0d16 0d1a 0d1b 0d1e 0d22 0d26 0d2a 0d2b 0d2e",
                "BAY_TRAIL | 0f30 0f31 0f32 0f33",
                "CHERRY_TRAIL | 22b0 22b1 22b2 22b3",
                "BROADWELL | 1602 1606 160a 160b 160d 160e 1612 1616 161a 161b 161d 161e 1622 1626 162a 162b 162d 162e 1632 1636 163a 163b 163d 163e",
                "SKYLAKE | 1902 1906 190a 190b 190e 1912 1913 1915 1916 1917 191a 191b 191d 191e 1921 1923 1926 1927 192a 192b 192d 1932 193a 193b 193d",
                "APOLLO_LAKE | 0a84 1a84 1a85 5a84 5a85",
                "GEMINI_LAKE | 3184 3185",
                "KABY_LAKE | 5902 5906 5908 590a 590b 590e 5912 5913 5915 5916 5917 591a 591b 591c 591d 591e 5921 5923 5926 5927 593b 87c0",
                "COFFEE_LAKE | 3e90 3e91 3e92 3e93 3e94 3e96 3e98 3e99 3e9a 3e9b 3e9c 3ea0 3ea1 3ea2 3ea3 3ea4 3ea5 3ea6 3ea7 3ea8 3ea9 87ca",
                "COMET_LAKE | 9b21 9b41 9ba2 9ba4 9ba5 9ba8 9baa 9bac 9bc2 9bc4 9bc5 9bc6 9bc8 9bca 9bcc 9be6 9bf6",
                "CANNON_LAKE | 5a40 5a41 5a42 5a44 5a49 5a4a 5a4c 5a50 5a51 5a52 5a54 5a59 5a5a 5a5c",
                "ICE_LAKE | 8a50 8a51 8a52 8a53 8a54 8a56 8a57 8a58 8a59 8a5a 8a5b 8a5c 8a5d 8a70 8a71",
                "ELKHART_LAKE | 4541 4551 4555 4557 4570 4571",
                "JASPER_LAKE | 4e51 4e55 4e57 4e61 4e71",
                "TIGER_LAKE | 9a40 9a49 9a59 9a60 9a68 9a70 9a78 9ac0 9ac9 9ad9 9af8",
                "ROCKET_LAKE | 4c80 4c8a 4c8b 4c8c 4c90 4c9a",
                "DG1 | 4905 4906 4907 4908 4909",
                "ALDER_LAKE | 4626 4628 462a 4680 4682 4688 468a 468b 4690 4692 4693 46a0 46a1 46a2 46a3 46a6 46a8 46aa 46b0 46b1 46b2 46b3 46c0 46c1 46c2 46c3 46d0 46d1 46d2 46d3 46d4",
                "RAPTOR_LAKE | a720 a721 a780 a781 a782 a783 a788 a789 a78a a78b a7a0 a7a1 a7a8 a7a9 a7aa a7ab a7ac a7ad",
                "DG2 | 5690 5691 5692 5693 5694 5695 5696 5697 56a0 56a1 56a2 56a3 56a4 56a5 56a6 56b0 56b1 56b2 56b3 56ba 56bb 56bc 56bd 56be 56bf 56c0 56c1 56c2",
                "METEOR_LAKE | 7d40 7d41 7d45 7d51 7d55 7d60 7d67 7dd1 7dd5 b640",
                "LUNAR_LAKE | 6420 64a0 64b0",
                "BATTLEMAGE | e202 e20b e20c e20d e210 e211 e212 e215 e216",
            })
    void anIdBelongsToItsGeneration(IntelGeneration generation, String ids) {
        for (String id : ids.split(" ")) {
            assertEquals(Optional.of(generation), IntelGeneration.of(Integer.parseInt(id, 16)), id);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0042 0046 2562 2572 2582 258a 2592 2772 27a2 27ae 2972 2982 2992 29a2 29b2 29c2 29d2 2a02 2a12 2a42 2e02 2e12 2e22 2e32 2e42 2e92 3577 3582 358e a001 a011"
            })
    void whatIsOlderOrUnheardOfIsNotKnown(String ids) {
        for (String id : ids.split(" ")) {
            assertEquals(Optional.empty(), IntelGeneration.of(Integer.parseInt(id, 16)), id);
        }
        assertEquals(Optional.empty(), IntelGeneration.of(0));
        assertEquals(Optional.empty(), IntelGeneration.of(0xffff));
    }

    /** {@code is_supported_device} of intel_gvt.c: Broadwell, Skylake, Kaby Lake, Broxton, Coffee Lake, Comet Lake. */
    @Test
    void sixOfThemHaveGvt() {
        Set<IntelGeneration> having = Arrays.stream(IntelGeneration.values())
                .filter(IntelGeneration::hasGvt)
                .collect(Collectors.toSet());
        assertEquals(
                EnumSet.of(
                        IntelGeneration.BROADWELL,
                        IntelGeneration.SKYLAKE,
                        IntelGeneration.KABY_LAKE,
                        IntelGeneration.APOLLO_LAKE,
                        IntelGeneration.COFFEE_LAKE,
                        IntelGeneration.COMET_LAKE),
                having);
        having.forEach(generation -> assertFalse(generation.label().isBlank()));
    }
}
