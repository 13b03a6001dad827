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

#define BYTES_PER_PIXEL		4
#define CELL_WIDTH		8
#define CELL_HEIGHT		16
#define HOT_UNKNOWN		U32_MAX

bool vgpu_dmabuf_mmap;

struct framebuffer {
	u64 address;
	u32 size;
	u32 format;
	u32 width;
	u32 height;
};

/**
 * struct known_buffer - a framebuffer that user space has an id of
 * @ref: the query's, while @unfetched, and each dma-buf's
 * @unfetched: queried since it was last fetched
 * @id: what user space calls it
 * @vgpu: the vGPU, or NULL once that has forgotten it
 * @node: in the vGPU's list
 * @framebuffer: what identifies it
 * @memory: its pixels
 */
struct known_buffer {
	struct kref ref;
	bool unfetched;
	int id;
	struct vgpu *vgpu;
	struct list_head node;
	struct framebuffer framebuffer;
	struct vgpu_buffer *memory;
};

/* ---------------------------------------------------------------- pixels */

static u32 plane_size(const struct vgpu_plane *plane)
{
	return plane->width * plane->height * BYTES_PER_PIXEL;
}

static u32 primary_pixel(unsigned int pipe, u32 frame, u32 x, u32 y)
{
	return 0xff000000 | ((x + frame) & 0xff) << 16 |
	       ((y + 2 * frame) & 0xff) << 8 | ((frame + 64 * pipe) & 0xff);
}

/* A triangle in the upper left half, the rest is transparent. */
static u32 cursor_pixel(u32 frame, u32 x, u32 y)
{
	if (x + y >= VGPU_CURSOR_SIZE)
		return 0;
	return 0xff000000 | (frame & 0xff) << 16 | (x & 0xff) << 8 |
	       (y & 0xff);
}

static u32 cell_pixel(u32 draw)
{
	return 0xff000000 | ((draw * 0x9e3779b1U) >> 8);
}

static void paint_cell(const struct vgpu_plane *plane, u32 *pixels, u32 draw)
{
	const u32 columns = plane->width / CELL_WIDTH;
	const u32 rows = plane->height / CELL_HEIGHT;
	const u32 cell = draw % (columns * rows);
	const u32 left = cell % columns * CELL_WIDTH;
	const u32 top = cell / columns * CELL_HEIGHT;
	u32 x, y;

	for (y = top; y < top + CELL_HEIGHT; y++)
		for (x = left; x < left + CELL_WIDTH; x++)
			WRITE_ONCE(pixels[y * plane->width + x],
				   cell_pixel(draw));
}

static void paint(struct vgpu *vgpu, unsigned int pipe, unsigned int which)
{
	const struct vgpu_plane *plane = &vgpu->pipe[pipe].plane[which];
	const struct vgpu_buffer *buffer =
		plane->buffer[plane->current_buffer];
	u32 *pixels = buffer->memory;
	u32 x, y, draw, cells;

	for (y = 0; y < plane->height; y++)
		for (x = 0; x < plane->width; x++)
			*pixels++ = which == DISPLAY_IRQ_PRIMARY ?
				primary_pixel(pipe, plane->frame, x, y) :
				cursor_pixel(plane->frame, x, y);
	if (which != DISPLAY_IRQ_PRIMARY)
		return;

	/* All cells since the flip, but none that is painted over again. */
	cells = plane->width / CELL_WIDTH * (plane->height / CELL_HEIGHT);
	draw = plane->first_draw;
	if (plane->draws - draw > cells)
		draw = plane->draws - cells;
	for (; draw != plane->draws; draw++)
		paint_cell(plane, buffer->memory, draw);
}

/**
 * vgpu_draw_frame - put the new frame into the plane's current framebuffer
 * @vgpu: the vGPU
 * @pipe: the pipe
 * @plane: the plane
 *
 * As long as nobody has asked for the pixels there is nothing to draw into.
 */
void vgpu_draw_frame(struct vgpu *vgpu, unsigned int pipe, unsigned int plane)
{
	const struct vgpu_plane *p = &vgpu->pipe[pipe].plane[plane];

	if (p->buffer[p->current_buffer])
		paint(vgpu, pipe, plane);
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
	const struct vgpu_buffer *buffer =
		plane->buffer[plane->current_buffer];

	if (buffer)
		paint_cell(plane, buffer->memory, plane->draws);
	plane->draws++;
}

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

/* The memory of the framebuffer that is shown, made now if need be. */
static struct vgpu_buffer *get_buffer(struct vgpu *vgpu, unsigned int pipe,
				      unsigned int which)
{
	struct vgpu_plane *plane = &vgpu->pipe[pipe].plane[which];
	struct vgpu_buffer *buffer = plane->buffer[plane->current_buffer];

	if (!buffer) {
		buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
		if (!buffer)
			return NULL;
		buffer->size = PAGE_ALIGN(plane_size(plane));
		buffer->memory = vmalloc_user(buffer->size);
		if (!buffer->memory) {
			kfree(buffer);
			return NULL;
		}
		kref_init(&buffer->ref);
		plane->buffer[plane->current_buffer] = buffer;
		paint(vgpu, pipe, which);
	}
	kref_get(&buffer->ref);
	return buffer;
}

void vgpu_free_planes(struct vgpu *vgpu)
{
	int i, j, k;

	for (i = 0; i < VGPU_PIPES; i++)
		for (j = 0; j < VGPU_PLANES; j++)
			for (k = 0; k < VGPU_MAX_BUFFERS; k++)
				put_buffer(vgpu->pipe[i].plane[j].buffer[k]);
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
	put_buffer(known->memory);
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

/* The vGPU is closed: what was queried in vain goes, and so do all ids. */
void vgpu_forget_dmabufs(struct vgpu *vgpu)
{
	struct known_buffer *known, *next;

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

/* ------------------------------------------------------- QUERY_GFX_PLANE */

/* Which pipe is shown: the first one that is on. */
static int active_pipe(const struct vgpu *vgpu)
{
	int i;

	for (i = 0; i < VGPU_PIPES; i++)
		if (vgpu->pipe[i].enabled)
			return i;
	return -1;
}

/* The guest keeps each plane's framebuffers apart in its address space. */
static u64 buffer_address(unsigned int pipe, unsigned int which,
			  unsigned int buffer)
{
	return SZ_64M + (u64)((pipe * VGPU_PLANES + which) * VGPU_MAX_BUFFERS +
			      buffer) * SZ_16M;
}

static int make_known(struct vgpu *vgpu, unsigned int pipe, unsigned int which,
		      const struct framebuffer *framebuffer)
{
	struct known_buffer *known;
	int id;

	known = find_known(vgpu, framebuffer);
	if (known) {
		if (!known->unfetched) {
			known->unfetched = true;
			kref_get(&known->ref);
		}
		return known->id;
	}

	known = kzalloc(sizeof(*known), GFP_KERNEL);
	if (!known)
		return -ENOMEM;
	known->memory = get_buffer(vgpu, pipe, which);
	if (!known->memory) {
		kfree(known);
		return -ENOMEM;
	}
	id = idr_alloc(&vgpu->dmabufs, known, 1, 0, GFP_KERNEL);
	if (id < 0) {
		put_buffer(known->memory);
		kfree(known);
		return id;
	}
	kref_init(&known->ref);
	known->unfetched = true;
	known->id = id;
	known->vgpu = vgpu;
	known->framebuffer = *framebuffer;
	list_add_tail(&known->node, &vgpu->dmabuf_list);
	return id;
}

static int query_plane(struct vgpu *vgpu,
		       struct vfio_device_gfx_plane_info *info)
{
	const int pipe = active_pipe(vgpu);
	struct framebuffer framebuffer = {};
	const struct vgpu_plane *plane;
	unsigned int which;
	int id;

	if (info->flags == (VFIO_GFX_PLANE_TYPE_DMABUF |
			    VFIO_GFX_PLANE_TYPE_PROBE))
		return 0;
	if (info->flags != VFIO_GFX_PLANE_TYPE_DMABUF)
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
	if (!plane->visible)
		return 0;

	framebuffer.address = buffer_address(pipe, which,
					     plane->current_buffer);
	framebuffer.size = plane_size(plane);
	framebuffer.format = which == DISPLAY_IRQ_PRIMARY ?
		DRM_FORMAT_XRGB8888 : DRM_FORMAT_ARGB8888;
	framebuffer.width = plane->width;
	framebuffer.height = plane->height;
	id = make_known(vgpu, pipe, which, &framebuffer);
	if (id < 0)
		return id;

	info->drm_format = framebuffer.format;
	info->drm_format_mod = DRM_FORMAT_MOD_LINEAR;
	info->width = plane->width;
	info->height = plane->height;
	info->stride = plane->width * BYTES_PER_PIXEL;
	info->size = framebuffer.size;
	info->x_pos = plane->x;
	info->y_pos = plane->y;
	info->x_hot = which == DISPLAY_IRQ_CURSOR ? HOT_UNKNOWN : 0;
	info->y_hot = info->x_hot;
	info->dmabuf_id = id;
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
	mutex_lock(&vgpu_lock);
	put_known(dmabuf->priv);
	mutex_unlock(&vgpu_lock);
}

static const struct dma_buf_ops dmabuf_ops = {
	.map_dma_buf = map_dmabuf,
	.unmap_dma_buf = unmap_dmabuf,
	.mmap = mmap_dmabuf,
	.release = release_dmabuf,
};

long vgpu_get_dmabuf(struct vgpu *vgpu, void __user *arg)
{
	DEFINE_DMA_BUF_EXPORT_INFO(export);
	struct known_buffer *known;
	struct dma_buf *dmabuf;
	u32 id;
	int fd;

	if (get_user(id, (u32 __user *)arg))
		return -EFAULT;
	known = idr_find(&vgpu->dmabufs, id);
	if (!known)
		return -EINVAL;

	export.ops = &dmabuf_ops;
	export.size = known->memory->size;
	export.flags = O_RDWR | O_CLOEXEC;
	export.priv = known;
	dmabuf = dma_buf_export(&export);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	kref_get(&known->ref);

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
