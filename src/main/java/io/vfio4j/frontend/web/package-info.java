/**
 * Screens for browsers: a page that lists them with live thumbnails, and one for each with a VNC client in it (noVNC, where it is part of
 * the build, else a series of pictures). Needs Netty ({@code netty-codec-http}, {@code netty-handler}) and Jackson ({@code jackson-core})
 * on the class path.
 */
@NullMarked
package io.vfio4j.frontend.web;

import org.jspecify.annotations.NullMarked;
