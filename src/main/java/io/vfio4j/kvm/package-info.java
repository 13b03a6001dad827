/** {@code /dev/kvm}: the association of a VFIO group with a virtual machine, which GVT-g requires before it opens a vGPU. */
package io.vfio4j.kvm;
