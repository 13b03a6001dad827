/**
 * {@code /dev/kvm}, as far as devices need it: which VFIO groups and devices belong to a virtual machine
 * ({@link io.vfio4j.kvm.KvmVm#associate}; GVT-g requires it before it opens a vGPU), eventfds that interrupt a guest
 * ({@link io.vfio4j.kvm.Irqfd}, {@link io.vfio4j.kvm.GsiRouting}), and what KVM counts: of a VM of this process
 * ({@link io.vfio4j.kvm.KvmStatistics}) and of another one ({@link io.vfio4j.kvm.KvmProcess}).
 */
package io.vfio4j.kvm;
