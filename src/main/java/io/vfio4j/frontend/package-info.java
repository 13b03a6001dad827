/**
 * What frontends share: a display's newest picture, for any number of viewers, each at its own pace. The frontends themselves are in the
 * packages below this one: a Swing component, a VNC server, a browser view, metrics.
 */
@NullMarked
package io.vfio4j.frontend;

import org.jspecify.annotations.NullMarked;
