/** What JDK Flight Recorder gets to see of displays and frontends. Not for users of the library. */
@NullMarked
package io.vfio4j.recording;

import org.jspecify.annotations.NullMarked;
