/** What /proc tells of the processes of this host: who has a file open, how long threads run and wait. */
package io.vfio4j.proc;
