/** Many runs of something on a few threads: what studies and the command line share. Internal. */
package io.vfio4j.emulator.runs;
