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

/* The modes that the guest can have: no less than a cell, and what fits. */
#define VGPU_MIN_WIDTH		8
#define VGPU_MIN_HEIGHT		16
#define VGPU_MAX_WIDTH		1920
#define VGPU_MAX_HEIGHT		1200

/* Either side of a picture in a dma-buf that somebody else made. */
#define VGPU_MAX_FOREIGN_SIZE	16384

#define VGPU_REGION_OPREGION	VFIO_PCI_NUM_REGIONS
#define VGPU_REGION_EDID	(VFIO_PCI_NUM_REGIONS + 1)
#define VGPU_NUM_REGIONS	(VFIO_PCI_NUM_REGIONS + 2)

/* Planes that are regions lie beyond what is counted, as mdpy's does. */
#define VGPU_REGION_PLANE	16

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

struct dma_buf;
struct known_buffer;
struct vgpu_format;
struct vgpu_tiling;

/**
 * struct vgpu_layout - where the pixels of a picture are
 * @format: of a pixel
 * @tiling: of the memory
 * @width: in pixels
 * @height: in lines
 * @stride: in bytes
 * @size: in bytes
 */
struct vgpu_layout {
	const struct vgpu_format *format;
	const struct vgpu_tiling *tiling;
	u32 width;
	u32 height;
	u32 stride;
	u32 size;
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
 * @layout: of its framebuffers
 * @generation: how often the guest has made other ones for another mode
 * @buffers: the guest goes round that many framebuffers
 * @current_buffer: the one in the base register
 * @frame: number of the picture in it: 0 at creation, one more at each flip
 * @draws: cells drawn into the front buffer in all
 * @first_draw: the same, when @frame came up
 * @x: position of a cursor, which may hang over the left and the upper edge
 * @y: position of a cursor
 * @x_hot: hot spot of a cursor, or VGPU_HOT_UNKNOWN
 * @y_hot: hot spot of a cursor, or VGPU_HOT_UNKNOWN
 * @buffer: memory, allocated when somebody wants to look at it
 */
struct vgpu_plane {
	bool visible;
	struct vgpu_layout layout;
	u32 generation;
	unsigned int buffers;
	unsigned int current_buffer;
	u32 frame;
	u32 draws;
	u32 first_draw;
	s32 x;
	s32 y;
	u32 x_hot;
	u32 y_hot;
	struct vgpu_buffer *buffer[VGPU_MAX_BUFFERS];
};

#define VGPU_HOT_UNKNOWN	U32_MAX

/**
 * struct vgpu_scanout - somebody else's dma-buf, shown as the primary plane
 * @dmabuf: the dma-buf, or NULL
 * @layout: of the picture in it
 * @known: its id, once it was asked for
 */
struct vgpu_scanout {
	struct dma_buf *dmabuf;
	struct vgpu_layout layout;
	struct known_buffer *known;
};

/* What a new vGPU shall be like: the module's parameters. */
struct vgpu_display {
	const struct vgpu_format *format;
	const struct vgpu_tiling *tiling;
	unsigned int buffers;
	bool regions;
	bool region_mmap;
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
 * @display: how it shows its planes
 * @scanout: what is shown instead of the guest's primary plane
 * @region: memory of each plane, where planes are regions
 * @dmabufs: framebuffers that user space knows, by id
 * @dmabuf_list: the same
 * @dmabufs_alive: the same, and those of earlier openers that are in use still
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
	struct vgpu_display display;
	struct vgpu_scanout scanout;
	struct vgpu_buffer *region[VGPU_PLANES];
	struct idr dmabufs;
	struct list_head dmabuf_list;
	struct list_head dmabufs_alive;
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

/* control.c: the sysfs attributes */
extern const struct attribute_group vgpu_attribute_group;

/* guest.c: pipes, vblanks, and what the guest does */
void vgpu_guest_init(struct vgpu *vgpu, const struct vgpu_type *type);
void vgpu_guest_exit(struct vgpu *vgpu);
void vgpu_flip(struct vgpu *vgpu, unsigned int pipe, unsigned int how);
void vgpu_move_cursor(struct vgpu *vgpu, unsigned int pipe, unsigned int how);
void vgpu_place_cursor(struct vgpu *vgpu, s32 x, s32 y);
int vgpu_set_mode(struct vgpu *vgpu, u32 width, u32 height);
void vgpu_set_scenario(struct vgpu *vgpu, enum vgpu_scenario scenario);
void vgpu_enable_pipe(struct vgpu *vgpu, unsigned int pipe, bool enabled);
void vgpu_step(struct vgpu *vgpu);
void vgpu_update_timers(void);
void vgpu_timers_init(void);
void vgpu_timers_exit(void);

/* pixels.c: formats, tilings, pictures */
extern const struct vgpu_format *vgpu_format_default;
extern const struct vgpu_format *vgpu_format_cursor;
const struct vgpu_format *vgpu_format_by_name(const char *name);
const char *vgpu_format_name(const struct vgpu_format *format);
u32 vgpu_format_fourcc(const struct vgpu_format *format);
extern const struct vgpu_tiling *vgpu_tiling_linear;
const struct vgpu_tiling *vgpu_tiling_by_name(const char *name);
const struct vgpu_tiling *vgpu_tiling_by_modifier(u64 modifier);
const char *vgpu_tiling_name(const struct vgpu_tiling *tiling);
u64 vgpu_tiling_modifier(const struct vgpu_tiling *tiling);
void vgpu_layout_make(struct vgpu_layout *layout,
		      const struct vgpu_format *format,
		      const struct vgpu_tiling *tiling, u32 width, u32 height);
int vgpu_layout_check(struct vgpu_layout *layout, u64 limit);
void vgpu_paint(const struct vgpu_plane *plane, unsigned int pipe,
		unsigned int which, void *memory);
void vgpu_paint_cell(const struct vgpu_plane *plane, void *memory, u32 draw);

/* planes.c: QUERY_GFX_PLANE, dma-bufs, and the memory behind them */
extern bool vgpu_dmabuf_mmap;
long vgpu_query_plane(struct vgpu *vgpu, void __user *arg);
long vgpu_get_dmabuf(struct vgpu *vgpu, void __user *arg);
void vgpu_forget_dmabufs(struct vgpu *vgpu);
void vgpu_count_dmabufs(struct vgpu *vgpu, unsigned int *framebuffers,
			unsigned int *dmabufs);
int vgpu_planes_init(struct vgpu *vgpu);
void vgpu_planes_exit(struct vgpu *vgpu);
int vgpu_active_pipe(const struct vgpu *vgpu);
void vgpu_set_layout(struct vgpu *vgpu, unsigned int pipe, u32 width,
		     u32 height);
int vgpu_set_scanout(struct vgpu *vgpu, int fd,
		     const struct vgpu_layout *layout);
void vgpu_end_scanout(struct vgpu *vgpu);
void vgpu_draw_frame(struct vgpu *vgpu, unsigned int pipe, unsigned int plane);
void vgpu_draw_cell(struct vgpu *vgpu, unsigned int pipe);

/* regions.c: GET_REGION_INFO, and what is in the regions */
void vgpu_regions_init(struct vgpu *vgpu);
void vgpu_regions_exit(struct vgpu *vgpu);
long vgpu_get_region_info(struct vgpu *vgpu, void __user *arg);
ssize_t vgpu_read(struct vfio_device *vdev, char __user *buf, size_t count,
		  loff_t *ppos);
ssize_t vgpu_write(struct vfio_device *vdev, const char __user *buf,
		   size_t count, loff_t *ppos);
int vgpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma);

#endif /* VGPU_H */
