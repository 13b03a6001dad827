package io.vfio4j.frontend.swing;

import java.util.Optional;

/**
 * What a panel shows at the moment.
 *
 * @param width the picture's width in the guest's pixels, or the placeholder's; 0 before there is either
 * @param height its height
 * @param absence why there is no picture of the guest; empty where there is one
 */
public record Shown(int width, int height, Optional<String> absence) {
    static final Shown NOTHING = new Shown(0, 0, Optional.of("nothing was seen yet"));
}
