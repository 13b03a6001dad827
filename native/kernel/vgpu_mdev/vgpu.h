/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mediated display device for tests: no GPU, no guest, but a real VFIO
 * device with a display irq. See ../README.md.
 */
#ifndef VGPU_H
#define VGPU_H

#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/pci_regs.h>
#include <linux/sizes.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "display_irq.h"

#define VGPU_PIPES		DISPLAY_IRQ_PIPES
#define VGPU_PLANES		2
#define VGPU_MAX_BUFFERS	4
#define VGPU_CURSOR_BUFFERS	2
#define VGPU_CURSOR_SIZE	64

#define VGPU_REGION_OPREGION	VFIO_PCI_NUM_REGIONS
#define VGPU_REGION_EDID	(VFIO_PCI_NUM_REGIONS + 1)
#define VGPU_NUM_REGIONS	(VFIO_PCI_NUM_REGIONS + 2)

#define VGPU_CONFIG_SIZE	SZ_4K
#define VGPU_EDID_SIZE		128

enum vgpu_scenario {
	VGPU_MANUAL,
	VGPU_FLIP,
	VGPU_IDLE,
	VGPU_CONSOLE,
	VGPU_CURSOR,
	VGPU_SCENARIOS
};

struct vgpu_type {
	struct mdev_type type;
	u32 width;
	u32 height;
};

/* The guest's memory behind one framebuffer; a dma-buf may outlive the vGPU. */
struct vgpu_buffer {
	struct kref ref;
	size_t size;
	void *memory;
};

/**
 * struct vgpu_plane - what the guest has programmed
 * @visible: the plane is enabled, its pipe apart
 * @width: in pixels of 4 bytes
 * @height: in lines
 * @buffers: the guest goes round that many framebuffers
 * @current_buffer: the one in the base register
 * @frame: number of the picture in it: 0 at creation, one more at each flip
 * @draws: cells drawn into the front buffer in all
 * @first_draw: the same, when @frame came up
 * @x: position of a cursor
 * @y: position of a cursor
 * @buffer: memory, allocated when somebody wants to look at it
 */
struct vgpu_plane {
	bool visible;
	u32 width;
	u32 height;
	unsigned int buffers;
	unsigned int current_buffer;
	u32 frame;
	u32 draws;
	u32 first_draw;
	u32 x;
	u32 y;
	struct vgpu_buffer *buffer[VGPU_MAX_BUFFERS];
};

struct vgpu_pipe {
	bool enabled;
	struct vgpu_plane plane[VGPU_PLANES];
};

/* A source of vblanks: one for all vGPUs of 2019's drivers, or a vGPU's own. */
struct vgpu_timer {
	struct hrtimer timer;
	struct work_struct work;
	ktime_t period;
	bool running;
};

/**
 * struct vgpu - a mediated device
 * @vdev: its VFIO device
 * @node: in the list of all vGPUs
 * @irq: its display irq
 * @host: how the irq sees us
 * @timer: its own vblanks, where the dialect has them
 * @open: user space has it open
 * @stepped: vblanks come from sysfs only
 * @kvm_required: opening it takes a VM
 * @scenario: what the guest does by itself
 * @pipe: the guest's display pipes
 * @vblanks: emulated so far
 * @opens: successful ones so far
 * @msi: armed by user space, never signalled
 * @req: armed by user space, signalled when the device is to go
 * @kvm: the VM that has it open
 * @dmabufs: framebuffers that user space knows, by id
 * @dmabuf_list: the same
 * @config: PCI configuration space
 * @aperture: pages of BAR 2 that were touched
 * @edid: EDID registers
 * @edid_blob: what edid.edid_offset shows
 */
struct vgpu {
	struct vfio_device vdev;
	struct list_head node;
	struct display_irq irq;
	struct display_irq_host host;
	struct vgpu_timer timer;
	bool open;
	bool stepped;
	bool kvm_required;
	enum vgpu_scenario scenario;
	struct vgpu_pipe pipe[VGPU_PIPES];
	u64 vblanks;
	u64 opens;
	struct eventfd_ctx *msi;
	struct eventfd_ctx *req;
	struct kvm *kvm;
	struct idr dmabufs;
	struct list_head dmabuf_list;
	u8 config[VGPU_CONFIG_SIZE];
	struct xarray aperture;
	struct vfio_region_gfx_edid edid;
	u8 edid_blob[VGPU_EDID_SIZE];
};

/* Guards all vGPUs, the triggers of their display irqs apart. */
extern struct mutex vgpu_lock;
extern struct list_head vgpu_list;

static inline struct vgpu *vgpu_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct vgpu, vdev);
}

/* guest.c: pipes, vblanks, and what the guest does */
extern const struct attribute_group vgpu_attribute_group;
void vgpu_guest_init(struct vgpu *vgpu, const struct vgpu_type *type,
		     unsigned int buffers);
void vgpu_guest_exit(struct vgpu *vgpu);
void vgpu_update_timers(void);
void vgpu_timers_init(void);
void vgpu_timers_exit(void);

/* planes.c: QUERY_GFX_PLANE, dma-bufs and their pixels */
extern bool vgpu_dmabuf_mmap;
long vgpu_query_plane(struct vgpu *vgpu, void __user *arg);
long vgpu_get_dmabuf(struct vgpu *vgpu, void __user *arg);
void vgpu_forget_dmabufs(struct vgpu *vgpu);
void vgpu_free_planes(struct vgpu *vgpu);
void vgpu_draw_frame(struct vgpu *vgpu, unsigned int pipe, unsigned int plane);
void vgpu_draw_cell(struct vgpu *vgpu, unsigned int pipe);

/* regions.c: GET_REGION_INFO, and what is in the regions */
void vgpu_regions_init(struct vgpu *vgpu, const struct vgpu_type *type);
void vgpu_regions_exit(struct vgpu *vgpu);
long vgpu_get_region_info(struct vgpu *vgpu, void __user *arg);
ssize_t vgpu_read(struct vfio_device *vdev, char __user *buf, size_t count,
		  loff_t *ppos);
ssize_t vgpu_write(struct vfio_device *vdev, const char __user *buf,
		   size_t count, loff_t *ppos);
int vgpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

#endif /* VGPU_H */
