/** The command line: picocli commands, nothing but wiring and words. */
package io.vfio4j.cli;
