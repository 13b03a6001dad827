package io.vfio4j.contract;

import org.junit.jupiter.api.Tag;

/** On Debian's kernel, which has groups. */
@Tag("real-kernel")
class RealHandoverTest extends RealHandoverContract {
    @Override
    String dialect() {
        return "v6";
    }
}
