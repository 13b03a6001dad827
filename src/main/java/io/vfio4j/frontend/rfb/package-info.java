/**
 * A VNC server (RFB, as RFC 6143 and the community's protocol description have it) for a screen. Needs Netty ({@code netty-codec-http},
 * {@code netty-handler}) on the class path.
 */
@NullMarked
package io.vfio4j.frontend.rfb;

import org.jspecify.annotations.NullMarked;
