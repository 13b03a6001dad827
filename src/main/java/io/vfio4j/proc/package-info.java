/** What /proc tells of the processes of this host: who has a file open. */
package io.vfio4j.proc;
