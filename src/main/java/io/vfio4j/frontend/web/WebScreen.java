package io.vfio4j.frontend.web;

import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.rfb.RfbService;

/**
 * A screen for browsers.
 *
 * @param screen stays the caller's; its name is its address
 * @param service takes the connections of VNC clients in browsers; stays the caller's, who may serve others by it
 */
public record WebScreen(LiveScreen screen, RfbService service) {
    String name() {
        return screen.name();
    }
}
