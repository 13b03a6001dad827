/**
 * The real Linux kernel, reached through JNA; and, where it was built, through a small bridge in C that waits for and reads
 * all ready counters in one transition. The only package that touches JNA or loads native code.
 */
package io.vfio4j.linux.jna;
