/**
 * The mediated devices of the host, as sysfs shows them: who can have them, of which types, and how they are created and removed.
 * What is created here lasts until the host is switched off; definitions that outlast it are the business of mdevctl.
 */
package io.vfio4j.mdev;
