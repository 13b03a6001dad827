/** The mediated devices of the host, as sysfs shows them. */
package io.vfio4j.mdev;
