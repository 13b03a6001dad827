// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_mdev: what QUERY_GFX_PLANE and GET_GFX_DMABUF answer, and the pixels.
 *
 * A framebuffer's id lives as long as somebody refers to it: the query that
 * made it known (until its descriptor is fetched), and each dma-buf. Then the
 * id is free for the next framebuffer.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <drm/drm_fourcc.h>

#include "vgpu.h"

/* GVT-g drops the signs. */
#define X_MAGNITUDE		0x1fff
#define Y_MAGNITUDE		0x0fff

bool vgpu_dmabuf_mmap;

struct framebuffer {
	u64 address;
	u64 modifier;
	u32 size;
	u32 format;
	u32 width;
	u32 height;
};

/**
 * struct known_buffer - a framebuffer that user space has an id of
 * @ref: the query's, while @unfetched, each dma-buf's of ours, and a scanout's
 * @unfetched: queried since it was last fetched
 * @exported: dma-bufs that were made of it and are in use
 * @id: what user space calls it
 * @vgpu: the vGPU, or NULL once that has forgotten it
 * @node: in the vGPU's list
 * @alive: in the vGPU's list of all that are in use
 * @framebuffer: what identifies it
 * @memory: its pixels, or NULL
 * @foreign: somebody else's dma-buf with its pixels, or NULL
 */
struct known_buffer {
	struct kref ref;
	bool unfetched;
	unsigned int exported;
	int id;
	struct vgpu *vgpu;
	struct list_head node;
	struct list_head alive;
	struct framebuffer framebuffer;
	struct vgpu_buffer *memory;
	struct dma_buf *foreign;
};

/* Which pipe is shown: the first one that is on. */
int vgpu_active_pipe(const struct vgpu *vgpu)
{
	int i;

	for (i = 0; i < VGPU_PIPES; i++)
		if (vgpu->pipe[i].enabled)
			return i;
	return -1;
}

/* ---------------------------------------------------------------- memory */

static void free_buffer(struct kref *ref)
{
	struct vgpu_buffer *buffer =
		container_of(ref, struct vgpu_buffer, ref);

	vfree(buffer->memory);
	kfree(buffer);
}

static void put_buffer(struct vgpu_buffer *buffer)
{
	if (buffer)
		kref_put(&buffer->ref, free_buffer);
}

static struct vgpu_buffer *new_buffer(u32 size)
{
	struct vgpu_buffer *buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);

	if (!buffer)
		return NULL;
	buffer->size = PAGE_ALIGN(size);
	buffer->memory = vmalloc_user(buffer->size);
	if (!buffer->memory) {
		kfree(buffer);
		return NULL;
	}
	kref_init(&buffer->ref);
	return buffer;
}

/*
 * Where the guest draws. As long as nobody has asked for the pixels there is
 * nothing to draw into; and a region shows one pipe.
 */
static struct vgpu_buffer *front_buffer(struct vgpu *vgpu, unsigned int pipe,
					unsigned int which)
{
	const struct vgpu_plane *plane = &vgpu->pipe[pipe].plane[which];

	if (!vgpu->display.regions)
		return plane->buffer[plane->current_buffer];
	return pipe == vgpu_active_pipe(vgpu) ? vgpu->region[which] : NULL;
}

/**
 * vgpu_draw_frame - put the new frame into the plane's current framebuffer
 * @vgpu: the vGPU
 * @pipe: the pipe
 * @plane: the plane
 */
void vgpu_draw_frame(struct vgpu *vgpu, unsigned int pipe, unsigned int plane)
{
	struct vgpu_buffer *buffer = front_buffer(vgpu, pipe, plane);

	if (buffer)
		vgpu_paint(&vgpu->pipe[pipe].plane[plane], pipe, plane,
			   buffer->memory);
}

/**
 * vgpu_draw_cell - draw a character's cell into the front buffer
 * @vgpu: the vGPU
 * @pipe: the pipe
 */
void vgpu_draw_cell(struct vgpu *vgpu, unsigned int pipe)
{
	struct vgpu_plane *plane =
		&vgpu->pipe[pipe].plane[DISPLAY_IRQ_PRIMARY];
	struct vgpu_buffer *buffer =
		front_buffer(vgpu, pipe, DISPLAY_IRQ_PRIMARY);

	if (buffer)
		vgpu_paint_cell(plane, buffer->memory, plane->draws);
	plane->draws++;
}

/* The memory of the framebuffer that is shown, made now if need be. */
static struct vgpu_buffer *get_buffer(struct vgpu *vgpu, unsigned int pipe,
				      unsigned int which)
{
	struct vgpu_plane *plane = &vgpu->pipe[pipe].plane[which];
	struct vgpu_buffer *buffer = plane->buffer[plane->current_buffer];

	if (!buffer) {
		buffer = new_buffer(plane->layout.size);
		if (!buffer)
			return NULL;
		plane->buffer[plane->current_buffer] = buffer;
		vgpu_paint(plane, pipe, which, buffer->memory);
	}
	kref_get(&buffer->ref);
	return buffer;
}

static void drop_buffers(struct vgpu_plane *plane)
{
	int i;

	for (i = 0; i < VGPU_MAX_BUFFERS; i++) {
		put_buffer(plane->buffer[i]);
		plane->buffer[i] = NULL;
	}
}

/**
 * vgpu_set_layout - give a primary plane other framebuffers
 * @vgpu: the vGPU
 * @pipe: the plane's pipe
 * @width: in pixels
 * @height: in lines
 *
 * Nothing is in them yet.
 */
void vgpu_set_layout(struct vgpu *vgpu, unsigned int pipe, u32 width,
		     u32 height)
{
	struct vgpu_plane *plane =
		&vgpu->pipe[pipe].plane[DISPLAY_IRQ_PRIMARY];
	struct vgpu_buffer *region;

	drop_buffers(plane);
	plane->generation++;
	vgpu_layout_make(&plane->layout, vgpu->display.format,
			 vgpu->display.tiling, width, height);
	if (!vgpu->display.regions)
		return;
	region = front_buffer(vgpu, pipe, DISPLAY_IRQ_PRIMARY);
	if (region)
		memset(region->memory, 0, region->size);
}

/* ------------------------------------------------------------------- ids */

static void free_known(struct kref *ref)
{
	struct known_buffer *known =
		container_of(ref, struct known_buffer, ref);

	if (known->vgpu) {
		idr_remove(&known->vgpu->dmabufs, known->id);
		list_del(&known->node);
	}
	list_del(&known->alive);
	put_buffer(known->memory);
	if (known->foreign)
		dma_buf_put(known->foreign);
	kfree(known);
}

static void put_known(struct known_buffer *known)
{
	lockdep_assert_held(&vgpu_lock);
	kref_put(&known->ref, free_known);
}

static struct known_buffer *find_known(struct vgpu *vgpu,
				       const struct framebuffer *framebuffer)
{
	struct known_buffer *known;

	list_for_each_entry(known, &vgpu->dmabuf_list, node)
		if (!memcmp(&known->framebuffer, framebuffer,
			    sizeof(*framebuffer)))
			return known;
	return NULL;
}

/* The scanout keeps its id no longer. */
static void forget_scanout(struct vgpu_scanout *scanout)
{
	if (scanout->known)
		put_known(scanout->known);
	scanout->known = NULL;
}

/* The vGPU is closed: what was queried in vain goes, and so do all ids. */
void vgpu_forget_dmabufs(struct vgpu *vgpu)
{
	struct known_buffer *known, *next;

	forget_scanout(&vgpu->scanout);
	list_for_each_entry_safe(known, next, &vgpu->dmabuf_list, node) {
		list_del(&known->node);
		idr_remove(&vgpu->dmabufs, known->id);
		known->vgpu = NULL;
		if (known->unfetched) {
			known->unfetched = false;
			put_known(known);
		}
	}
}

/**
 * vgpu_count_dmabufs - what user space has not let go of
 * @vgpu: the vGPU
 * @framebuffers: that have an id, or a dma-buf that was made of them
 * @dmabufs: that were made of framebuffers
 */
void vgpu_count_dmabufs(struct vgpu *vgpu, unsigned int *framebuffers,
			unsigned int *dmabufs)
{
	const struct known_buffer *known;

	*framebuffers = 0;
	*dmabufs = 0;
	list_for_each_entry(known, &vgpu->dmabufs_alive, alive) {
		++*framebuffers;
		*dmabufs += known->exported;
	}
}

/* --------------------------------------------------------------- scanout */

/**
 * vgpu_end_scanout - show the guest's primary plane again
 * @vgpu: the vGPU
 */
void vgpu_end_scanout(struct vgpu *vgpu)
{
	struct vgpu_scanout *scanout = &vgpu->scanout;

	forget_scanout(scanout);
	if (scanout->dmabuf)
		dma_buf_put(scanout->dmabuf);
	scanout->dmabuf = NULL;
}

/**
 * vgpu_set_scanout - show somebody else's dma-buf as the primary plane
 * @vgpu: the vGPU
 * @fd: a descriptor of the caller's
 * @layout: of the picture in it
 *
 * Return: 0, -EINVAL if the dma-buf is too small or planes are regions, or
 * what is wrong with the descriptor.
 */
int vgpu_set_scanout(struct vgpu *vgpu, int fd,
		     const struct vgpu_layout *layout)
{
	struct vgpu_layout checked = *layout;
	struct dma_buf *dmabuf;
	int ret;

	if (vgpu->display.regions)
		return -EINVAL;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = vgpu_layout_check(&checked, dmabuf->size);
	if (ret) {
		dma_buf_put(dmabuf);
		return ret;
	}
	vgpu_end_scanout(vgpu);
	vgpu->scanout.dmabuf = dmabuf;
	vgpu->scanout.layout = checked;
	return 0;
}

/* ------------------------------------------------------- QUERY_GFX_PLANE */

/* The guest keeps each plane's framebuffers apart in its address space. */
static u64 buffer_address(const struct vgpu_plane *plane, unsigned int pipe,
			  unsigned int which)
{
	const unsigned int buffer =
		(pipe * VGPU_PLANES + which) * VGPU_MAX_BUFFERS +
		plane->current_buffer;

	return ((u64)plane->generation << 32) + SZ_64M +
	       (u64)buffer * SZ_16M;
}

static void identify(struct framebuffer *framebuffer, u64 address,
		     const struct vgpu_layout *layout)
{
	memset(framebuffer, 0, sizeof(*framebuffer));
	framebuffer->address = address;
	framebuffer->modifier = vgpu_tiling_modifier(layout->tiling);
	framebuffer->size = layout->size;
	framebuffer->format = vgpu_format_fourcc(layout->format);
	framebuffer->width = layout->width;
	framebuffer->height = layout->height;
}

/* What is known already is known once more. */
static bool again(struct vgpu *vgpu, const struct framebuffer *framebuffer,
		  struct known_buffer **known)
{
	*known = find_known(vgpu, framebuffer);
	if (!*known)
		return false;
	if (!(*known)->unfetched) {
		(*known)->unfetched = true;
		kref_get(&(*known)->ref);
	}
	return true;
}

/* Takes over one reference of either, when it succeeds. */
static struct known_buffer *make_known(struct vgpu *vgpu,
				       const struct framebuffer *framebuffer,
				       struct vgpu_buffer *memory,
				       struct dma_buf *foreign)
{
	struct known_buffer *known = kzalloc(sizeof(*known), GFP_KERNEL);
	int id;

	if (!known)
		return ERR_PTR(-ENOMEM);
	id = idr_alloc(&vgpu->dmabufs, known, 1, 0, GFP_KERNEL);
	if (id < 0) {
		kfree(known);
		return ERR_PTR(id);
	}
	kref_init(&known->ref);
	known->unfetched = true;
	known->id = id;
	known->vgpu = vgpu;
	known->framebuffer = *framebuffer;
	known->memory = memory;
	known->foreign = foreign;
	list_add_tail(&known->node, &vgpu->dmabuf_list);
	list_add_tail(&known->alive, &vgpu->dmabufs_alive);
	return known;
}

static struct known_buffer *know_scanout(struct vgpu *vgpu)
{
	struct vgpu_scanout *scanout = &vgpu->scanout;
	struct framebuffer framebuffer;
	struct known_buffer *known;

	/* A kernel address is none of the guest's. */
	identify(&framebuffer, (unsigned long)scanout->dmabuf,
		 &scanout->layout);
	if (!again(vgpu, &framebuffer, &known)) {
		known = make_known(vgpu, &framebuffer, NULL, scanout->dmabuf);
		if (IS_ERR(known))
			return known;
		get_dma_buf(scanout->dmabuf);
	}
	if (scanout->known != known) {
		forget_scanout(scanout);
		kref_get(&known->ref);
		scanout->known = known;
	}
	return known;
}

static struct known_buffer *know_plane(struct vgpu *vgpu, unsigned int pipe,
				       unsigned int which)
{
	const struct vgpu_plane *plane = &vgpu->pipe[pipe].plane[which];
	struct framebuffer framebuffer;
	struct known_buffer *known;
	struct vgpu_buffer *memory;

	identify(&framebuffer, buffer_address(plane, pipe, which),
		 &plane->layout);
	if (again(vgpu, &framebuffer, &known))
		return known;
	memory = get_buffer(vgpu, pipe, which);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	known = make_known(vgpu, &framebuffer, memory, NULL);
	if (IS_ERR(known))
		put_buffer(memory);
	return known;
}

static void describe(struct vfio_device_gfx_plane_info *info,
		     const struct vgpu_layout *layout)
{
	info->drm_format = vgpu_format_fourcc(layout->format);
	info->drm_format_mod = vgpu_tiling_modifier(layout->tiling);
	info->width = layout->width;
	info->height = layout->height;
	info->stride = layout->stride;
	info->size = layout->size;
	info->x_pos = 0;
	info->y_pos = 0;
	info->x_hot = 0;
	info->y_hot = 0;
}

static void describe_cursor(struct vfio_device_gfx_plane_info *info,
			    const struct vgpu_plane *plane)
{
	info->x_pos = abs(plane->x) & X_MAGNITUDE;
	info->y_pos = abs(plane->y) & Y_MAGNITUDE;
	info->x_hot = plane->x_hot;
	info->y_hot = plane->y_hot;
	if (plane->x_hot > plane->layout.width ||
	    plane->y_hot > plane->layout.height) {
		info->x_hot = VGPU_HOT_UNKNOWN;
		info->y_hot = VGPU_HOT_UNKNOWN;
	}
}

static int query_plane(struct vgpu *vgpu,
		       struct vfio_device_gfx_plane_info *info)
{
	const u32 kind = vgpu->display.regions ? VFIO_GFX_PLANE_TYPE_REGION :
						 VFIO_GFX_PLANE_TYPE_DMABUF;
	const int pipe = vgpu_active_pipe(vgpu);
	const struct vgpu_layout *layout;
	const struct vgpu_plane *plane;
	struct known_buffer *known;
	unsigned int which;

	if (info->flags == (kind | VFIO_GFX_PLANE_TYPE_PROBE))
		return 0;
	if (info->flags != kind)
		return -EINVAL;

	/* DRM's plane types: overlay 0, primary 1, cursor 2. */
	if (info->drm_plane_type == 1)
		which = DISPLAY_IRQ_PRIMARY;
	else if (info->drm_plane_type == 2)
		which = DISPLAY_IRQ_CURSOR;
	else
		return -EINVAL;

	if (pipe < 0)
		return 0;
	plane = &vgpu->pipe[pipe].plane[which];
	layout = &plane->layout;
	if (!plane->visible)
		return 0;

	if (vgpu->display.regions) {
		info->region_index = VGPU_REGION_PLANE + which;
	} else {
		if (which == DISPLAY_IRQ_PRIMARY && vgpu->scanout.dmabuf) {
			layout = &vgpu->scanout.layout;
			known = know_scanout(vgpu);
		} else {
			known = know_plane(vgpu, pipe, which);
		}
		if (IS_ERR(known))
			return PTR_ERR(known);
		info->dmabuf_id = known->id;
	}
	describe(info, layout);
	if (which == DISPLAY_IRQ_CURSOR)
		describe_cursor(info, plane);
	return 0;
}

long vgpu_query_plane(struct vgpu *vgpu, void __user *arg)
{
	const u32 minsz = offsetofend(struct vfio_device_gfx_plane_info,
				      dmabuf_id);
	struct vfio_device_gfx_plane_info info;
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	ret = query_plane(vgpu, &info);
	if (ret)
		return ret;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/* -------------------------------------------------------- GET_GFX_DMABUF */

static struct sg_table *map_dmabuf(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	const struct known_buffer *known = attachment->dmabuf->priv;
	const struct vgpu_buffer *buffer = known->memory;
	const unsigned int count = buffer->size >> PAGE_SHIFT;
	struct page **pages;
	struct sg_table *table;
	unsigned int i;
	int ret = -ENOMEM;

	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!pages || !table)
		goto free;
	for (i = 0; i < count; i++)
		pages[i] = vmalloc_to_page(buffer->memory + i * PAGE_SIZE);
	ret = sg_alloc_table_from_pages(table, pages, count, 0, buffer->size,
					GFP_KERNEL);
	if (ret)
		goto free;
	ret = dma_map_sgtable(attachment->dev, table, direction, 0);
	if (ret)
		goto free_table;
	kvfree(pages);
	return table;

free_table:
	sg_free_table(table);
free:
	kfree(table);
	kvfree(pages);
	return ERR_PTR(ret);
}

static void unmap_dmabuf(struct dma_buf_attachment *attachment,
			 struct sg_table *table,
			 enum dma_data_direction direction)
{
	dma_unmap_sgtable(attachment->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
}

static int mmap_dmabuf(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	const struct known_buffer *known = dmabuf->priv;

	if (!vgpu_dmabuf_mmap)
		return -ENODEV;
	return remap_vmalloc_range(vma, known->memory->memory, vma->vm_pgoff);
}

static void release_dmabuf(struct dma_buf *dmabuf)
{
	struct known_buffer *known = dmabuf->priv;

	mutex_lock(&vgpu_lock);
	known->exported--;
	put_known(known);
	mutex_unlock(&vgpu_lock);
}

static const struct dma_buf_ops dmabuf_ops = {
	.map_dma_buf = map_dmabuf,
	.unmap_dma_buf = unmap_dmabuf,
	.mmap = mmap_dmabuf,
	.release = release_dmabuf,
};

static struct dma_buf *export_dmabuf(struct known_buffer *known)
{
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct dma_buf *dmabuf;

	export.ops = &dmabuf_ops;
	export.size = known->memory->size;
	export.flags = O_RDWR | O_CLOEXEC;
	export.priv = known;
	dmabuf = dma_buf_export(&export);
	if (!IS_ERR(dmabuf)) {
		kref_get(&known->ref);
		known->exported++;
	}
	return dmabuf;
}

long vgpu_get_dmabuf(struct vgpu *vgpu, void __user *arg)
{
	struct known_buffer *known;
	struct dma_buf *dmabuf;
	u32 id;
	int fd;

	if (get_user(id, (u32 __user *)arg))
		return -EFAULT;
	known = idr_find(&vgpu->dmabufs, id);
	if (!known)
		return -EINVAL;

	dmabuf = known->foreign;
	if (dmabuf)
		get_dma_buf(dmabuf);
	else
		dmabuf = export_dmabuf(known);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	fd = dma_buf_fd(dmabuf, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return fd;
	}
	if (known->unfetched) {
		known->unfetched = false;
		put_known(known);
	}
	return fd;
}

/* ------------------------------------------------------------------ life */

int vgpu_planes_init(struct vgpu *vgpu)
{
	struct vgpu_layout largest;

	idr_init(&vgpu->dmabufs);
	INIT_LIST_HEAD(&vgpu->dmabuf_list);
	INIT_LIST_HEAD(&vgpu->dmabufs_alive);
	if (!vgpu->display.regions)
		return 0;
	/* A mapping of it is good for all modes. */
	vgpu_layout_make(&largest, vgpu->display.format, vgpu->display.tiling,
			 VGPU_MAX_WIDTH, VGPU_MAX_HEIGHT);
	vgpu->region[DISPLAY_IRQ_PRIMARY] = new_buffer(largest.size);
	vgpu_layout_make(&largest, vgpu_format_cursor, vgpu_tiling_linear,
			 VGPU_CURSOR_SIZE, VGPU_CURSOR_SIZE);
	vgpu->region[DISPLAY_IRQ_CURSOR] = new_buffer(largest.size);
	if (vgpu->region[DISPLAY_IRQ_PRIMARY] &&
	    vgpu->region[DISPLAY_IRQ_CURSOR])
		return 0;
	vgpu_planes_exit(vgpu);
	return -ENOMEM;
}

/* The vGPU is closed; what user space still has of it lives on. */
void vgpu_planes_exit(struct vgpu *vgpu)
{
	struct known_buffer *known, *next;
	int i, j;

	mutex_lock(&vgpu_lock);
	vgpu_end_scanout(vgpu);
	list_for_each_entry_safe(known, next, &vgpu->dmabufs_alive, alive)
		list_del_init(&known->alive);
	mutex_unlock(&vgpu_lock);
	for (i = 0; i < VGPU_PLANES; i++)
		put_buffer(vgpu->region[i]);
	for (i = 0; i < VGPU_PIPES; i++)
		for (j = 0; j < VGPU_PLANES; j++)
			drop_buffers(&vgpu->pipe[i].plane[j]);
	idr_destroy(&vgpu->dmabufs);
}
