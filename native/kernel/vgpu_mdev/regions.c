// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_mdev: regions, in the order and with the quirks of GVT-g. Registers
 * read as zero; configuration space and EDID are real; BAR 2 is plain memory,
 * and so are planes that are regions.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "vgpu.h"

#define OFFSET_SHIFT		40
#define OFFSET_MASK		GENMASK_ULL(OFFSET_SHIFT - 1, 0)

#define BAR0_SIZE		SZ_16M
#define BAR2_SIZE		SZ_256M
#define SLICE_OFFSET		SZ_16M		/* of BAR 2: the vGPU's own */
#define SLICE_SIZE		SZ_64M
#define OPREGION_SIZE		SZ_8K

#define PCI_VENDOR		0x8086
#define PCI_DEVICE		0x7f4a		/* no device that was sold */

/* The registers come first, the blob where edid_offset says. */
#define EDID_BLOB_OFFSET	(SZ_4K / 2)
#define EDID_TIMING		54		/* the first detailed one */

#define REGION_TYPE_OPREGION \
	(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | PCI_VENDOR)

static const char opregion_signature[] = "IntelGraphicsMem";

/* The memory of a plane that is a region, or NULL. */
static struct vgpu_buffer *plane_region(const struct vgpu *vgpu, u64 index)
{
	if (index < VGPU_REGION_PLANE ||
	    index >= VGPU_REGION_PLANE + VGPU_PLANES)
		return NULL;
	return vgpu->region[index - VGPU_REGION_PLANE];
}

/* ------------------------------------------------------- GET_REGION_INFO */

struct sparse_cap {
	struct vfio_info_cap_header header;
	__u32 nr_areas;
	__u32 reserved;
	struct vfio_region_sparse_mmap_area area;
};

union region_cap {
	struct sparse_cap sparse;
	struct vfio_region_info_cap_type type;
};

static u32 sparse_cap(union region_cap *cap)
{
	cap->sparse.header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->sparse.header.version = 1;
	cap->sparse.nr_areas = 1;
	cap->sparse.area.offset = SLICE_OFFSET;
	cap->sparse.area.size = SLICE_SIZE;
	return sizeof(cap->sparse);
}

static u32 type_cap(union region_cap *cap, u32 type, u32 subtype)
{
	cap->type.header.id = VFIO_REGION_INFO_CAP_TYPE;
	cap->type.header.version = 1;
	cap->type.type = type;
	cap->type.subtype = subtype;
	return sizeof(cap->type);
}

long vgpu_get_region_info(struct vgpu *vgpu, void __user *arg)
{
	const u32 minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info;
	const struct vgpu_buffer *plane;
	union region_cap cap = {};
	u32 cap_size = 0;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz || (info.index >= VGPU_NUM_REGIONS &&
				   !plane_region(vgpu, info.index)))
		return -EINVAL;

	info.offset = (u64)info.index << OFFSET_SHIFT;
	info.size = 0;
	info.flags = 0;
	switch (info.index) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		info.size = BAR0_SIZE;
		break;
	case VFIO_PCI_BAR2_REGION_INDEX:
		info.size = BAR2_SIZE;
		info.flags = VFIO_REGION_INFO_FLAG_MMAP;
		cap_size = sparse_cap(&cap);
		break;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		info.size = VGPU_CONFIG_SIZE;
		break;
	case VGPU_REGION_OPREGION:
		info.size = OPREGION_SIZE;
		cap_size = type_cap(&cap, REGION_TYPE_OPREGION,
				    VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
		break;
	case VGPU_REGION_EDID:
		/* The blob lies beyond this size. */
		info.size = VGPU_EDID_SIZE;
		cap_size = type_cap(&cap, VFIO_REGION_TYPE_GFX,
				    VFIO_REGION_SUBTYPE_GFX_EDID);
		break;
	default:
		plane = plane_region(vgpu, info.index);
		if (plane)
			info.size = plane->size;
		if (plane && vgpu->display.region_mmap)
			info.flags = VFIO_REGION_INFO_FLAG_MMAP;
		break;
	}
	if (info.size)
		info.flags |= VFIO_REGION_INFO_FLAG_READ;
	if (info.size && info.index != VGPU_REGION_OPREGION)
		info.flags |= VFIO_REGION_INFO_FLAG_WRITE;

	if (cap_size) {
		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < sizeof(info) + cap_size) {
			info.argsz = sizeof(info) + cap_size;
			info.cap_offset = 0;
		} else {
			info.cap_offset = sizeof(info);
			if (copy_to_user(arg + sizeof(info), &cap, cap_size))
				return -EFAULT;
		}
	}
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

/* ------------------------------------------- contents: 1, 2 or 4 bytes */

static int access_bytes(u8 *bytes, u32 size, u64 offset, u8 *value, u32 count,
			bool write)
{
	if (offset >= size || count > size - offset)
		return -EINVAL;
	if (write)
		memcpy(bytes + offset, value, count);
	else
		memcpy(value, bytes + offset, count);
	return 0;
}

static void put_le32(u8 *to, u32 value)
{
	__le32 le = cpu_to_le32(value);

	memcpy(to, &le, sizeof(le));
}

static u32 get_le32(const u8 *from)
{
	__le32 le;

	memcpy(&le, from, sizeof(le));
	return le32_to_cpu(le);
}

/* A BAR keeps the address bits that its size leaves, and its type bits. */
static void write_bar(struct vgpu *vgpu, u32 offset, u64 size, u32 type)
{
	u32 value = get_le32(vgpu->config + offset);

	put_le32(vgpu->config + offset, (value & (u32)~(size - 1)) | type);
}

static int access_config(struct vgpu *vgpu, u64 offset, u8 *value, u32 count,
			 bool write)
{
	int ret;

	/* Of the rest nothing can be written. */
	if (write && (offset < PCI_COMMAND || offset >= PCI_CARDBUS_CIS))
		return offset < VGPU_CONFIG_SIZE ? 0 : -EINVAL;
	if (write && offset >= PCI_STATUS && offset < PCI_BASE_ADDRESS_0)
		return 0;
	ret = access_bytes(vgpu->config, sizeof(vgpu->config), offset, value,
			   count, write);
	if (write) {
		write_bar(vgpu, PCI_BASE_ADDRESS_0, BAR0_SIZE,
			  PCI_BASE_ADDRESS_MEM_TYPE_64);
		write_bar(vgpu, PCI_BASE_ADDRESS_2, BAR2_SIZE,
			  PCI_BASE_ADDRESS_MEM_TYPE_64 |
			  PCI_BASE_ADDRESS_MEM_PREFETCH);
		put_le32(vgpu->config + PCI_BASE_ADDRESS_4, 0);
		put_le32(vgpu->config + PCI_BASE_ADDRESS_5, 0);
	}
	return ret;
}

static int access_opregion(u64 offset, u8 *value, u32 count, bool write)
{
	u32 i;

	if (write || offset >= OPREGION_SIZE || count > OPREGION_SIZE - offset)
		return -EINVAL;
	for (i = 0; i < count; i++)
		value[i] = offset + i < sizeof(opregion_signature) - 1 ?
			opregion_signature[offset + i] : 0;
	return 0;
}

static bool is_valid_edid(const u8 *blob, u32 size)
{
	static const u8 magic[] = { 0, 255, 255, 255, 255, 255, 255, 0 };
	u8 sum = 0;
	u32 i;

	if (size < VGPU_EDID_SIZE || memcmp(blob, magic, sizeof(magic)))
		return false;
	for (i = 0; i < VGPU_EDID_SIZE; i++)
		sum += blob[i];
	return !sum;
}

/* The guest takes the monitor's preferred mode, if that tells one. */
static int plug_in(struct vgpu *vgpu)
{
	const struct vgpu_layout *now =
		&vgpu->pipe[0].plane[DISPLAY_IRQ_PRIMARY].layout;
	const u8 *timing = vgpu->edid_blob + EDID_TIMING;
	u32 width, height;

	if (!is_valid_edid(vgpu->edid_blob, vgpu->edid.edid_size))
		return -EINVAL;
	/* Without a pixel clock it is another kind of descriptor. */
	if (!timing[0] && !timing[1])
		return 0;
	width = timing[2] | (timing[4] & 0xf0) << 4;
	height = timing[5] | (timing[7] & 0xf0) << 4;
	if (width == now->width && height == now->height)
		return 0;
	return vgpu_set_mode(vgpu, width, height);
}

static int write_edid_register(struct vgpu *vgpu, u64 offset, u32 value)
{
	int ret;

	switch (offset) {
	case offsetof(struct vfio_region_gfx_edid, link_state):
		if (value == VFIO_DEVICE_GFX_LINK_STATE_UP) {
			ret = plug_in(vgpu);
			if (ret)
				return ret;
		} else if (value != VFIO_DEVICE_GFX_LINK_STATE_DOWN) {
			return -EINVAL;
		}
		vgpu->edid.link_state = value;
		return 0;
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		if (value > vgpu->edid.edid_max_size)
			return -EINVAL;
		vgpu->edid.edid_size = value;
		return 0;
	default:
		return -EPERM;
	}
}

static int access_edid(struct vgpu *vgpu, u64 offset, u8 *value, u32 count,
		       bool write)
{
	u32 word;

	if (offset >= EDID_BLOB_OFFSET)
		return access_bytes(vgpu->edid_blob, vgpu->edid.edid_size,
				    offset - EDID_BLOB_OFFSET, value, count,
				    write);
	if (count != sizeof(word) || offset > sizeof(vgpu->edid) - count)
		return -EINVAL;
	if (!write) {
		memcpy(value, (u8 *)&vgpu->edid + offset, count);
		return 0;
	}
	memcpy(&word, value, sizeof(word));
	return write_edid_register(vgpu, offset, word);
}

/* The pages of BAR 2's slice appear when they are touched. */
static struct page *aperture_page(struct vgpu *vgpu, unsigned long index)
{
	struct page *page = xa_load(&vgpu->aperture, index);
	struct page *other;

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return NULL;
	other = xa_cmpxchg(&vgpu->aperture, index, NULL, page, GFP_KERNEL);
	if (!other)
		return page;
	__free_page(page);
	return xa_is_err(other) ? NULL : other;
}

static int access_aperture(struct vgpu *vgpu, u64 offset, u8 *value, u32 count,
			   bool write)
{
	struct page *page;

	if (offset < SLICE_OFFSET || offset >= SLICE_OFFSET + SLICE_SIZE)
		return -EINVAL;
	offset -= SLICE_OFFSET;
	page = aperture_page(vgpu, offset >> PAGE_SHIFT);
	if (!page)
		return -ENOMEM;
	/* Pieces are aligned and do not cross a page. */
	return access_bytes(page_address(page), PAGE_SIZE,
			    offset_in_page(offset), value, count, write);
}

static int access_piece(struct vgpu *vgpu, loff_t position, u8 *value,
			u32 count, bool write)
{
	const u64 offset = position & OFFSET_MASK;

	memset(value, 0, write ? 0 : count);
	switch ((u64)position >> OFFSET_SHIFT) {
	case VFIO_PCI_BAR0_REGION_INDEX:
		return offset < BAR0_SIZE ? 0 : -EINVAL;
	case VFIO_PCI_BAR2_REGION_INDEX:
		return access_aperture(vgpu, offset, value, count, write);
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return access_config(vgpu, offset, value, count, write);
	case VGPU_REGION_OPREGION:
		return access_opregion(offset, value, count, write);
	case VGPU_REGION_EDID:
		return access_edid(vgpu, offset, value, count, write);
	default:
		return -EINVAL;
	}
}

static u32 piece_size(size_t count, loff_t position)
{
	if (count >= 4 && !(position & 3))
		return 4;
	if (count >= 2 && !(position & 1))
		return 2;
	return 1;
}

/* Plain memory, which the guest may change meanwhile. */
static ssize_t transfer_plane(const struct vgpu_buffer *plane,
			      char __user *to, const char __user *from,
			      size_t count, loff_t *ppos)
{
	const u64 offset = *ppos & OFFSET_MASK;

	if (offset > plane->size || count > plane->size - offset ||
	    (to && copy_to_user(to, plane->memory + offset, count)) ||
	    (from && copy_from_user(plane->memory + offset, from, count)))
		return -EFAULT;
	*ppos += count;
	return count;
}

/* Whatever goes wrong in a piece, the whole transfer is a fault. */
static ssize_t transfer(struct vgpu *vgpu, char __user *to,
			const char __user *from, size_t count, loff_t *ppos)
{
	const struct vgpu_buffer *plane =
		plane_region(vgpu, (u64)*ppos >> OFFSET_SHIFT);
	size_t done = 0;
	u8 value[4];
	u32 size;
	int ret;

	if (plane)
		return transfer_plane(plane, to, from, count, ppos);
	while (done < count) {
		size = piece_size(count - done, *ppos);
		if (from && copy_from_user(value, from + done, size))
			return -EFAULT;
		mutex_lock(&vgpu_lock);
		ret = access_piece(vgpu, *ppos, value, size, from);
		mutex_unlock(&vgpu_lock);
		if (ret)
			return -EFAULT;
		if (to && copy_to_user(to + done, value, size))
			return -EFAULT;
		done += size;
		*ppos += size;
	}
	return done;
}

ssize_t vgpu_read(struct vfio_device *vdev, char __user *buf, size_t count,
		  loff_t *ppos)
{
	return transfer(vgpu_of(vdev), buf, NULL, count, ppos);
}

ssize_t vgpu_write(struct vfio_device *vdev, const char __user *buf,
		   size_t count, loff_t *ppos)
{
	return transfer(vgpu_of(vdev), NULL, buf, count, ppos);
}

/* ------------------------------------------------------------------ mmap */

static vm_fault_t on_fault(struct vm_fault *fault)
{
	struct vgpu *vgpu = fault->vma->vm_private_data;
	unsigned long index = fault->pgoff & (OFFSET_MASK >> PAGE_SHIFT);
	struct page *page;

	page = aperture_page(vgpu, index - (SLICE_OFFSET >> PAGE_SHIFT));
	if (!page)
		return VM_FAULT_OOM;
	get_page(page);
	fault->page = page;
	return 0;
}

static const struct vm_operations_struct vm_ops = {
	.fault = on_fault,
};

int vgpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	const u64 region = (u64)vma->vm_pgoff >> (OFFSET_SHIFT - PAGE_SHIFT);
	const u64 offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) & OFFSET_MASK;
	const u64 size = vma->vm_end - vma->vm_start;
	struct vgpu *vgpu = vgpu_of(vdev);
	const struct vgpu_buffer *plane = plane_region(vgpu, region);

	if (plane && vgpu->display.region_mmap && vma->vm_flags & VM_SHARED)
		return remap_vmalloc_range(vma, plane->memory,
					   offset >> PAGE_SHIFT);
	if (region != VFIO_PCI_BAR2_REGION_INDEX ||
	    !(vma->vm_flags & VM_SHARED) ||
	    offset < SLICE_OFFSET || size > SLICE_SIZE ||
	    offset - SLICE_OFFSET > SLICE_SIZE - size)
		return -EINVAL;
	/* The mapping holds the device's file, and so the device. */
	vma->vm_private_data = vgpu;
	vma->vm_ops = &vm_ops;
	return 0;
}

/* ------------------------------------------------------------------ life */

static void init_config(u8 *config)
{
	put_le32(config + PCI_VENDOR_ID, PCI_VENDOR | PCI_DEVICE << 16);
	/* A VGA compatible display controller. */
	put_le32(config + PCI_CLASS_REVISION, 0x03000000);
	put_le32(config + PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_TYPE_64);
	put_le32(config + PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_MEM_TYPE_64 |
		 PCI_BASE_ADDRESS_MEM_PREFETCH);
	put_le32(config + PCI_SUBSYSTEM_VENDOR_ID,
		 PCI_VENDOR | PCI_DEVICE << 16);
	config[PCI_INTERRUPT_PIN] = 1;
}

/* EDID 1.4 of a digital display of which nothing more is known. */
static void init_edid(u8 *blob)
{
	static const u8 start[] = {
		0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
		0x58, 0x2c, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,	/* VAL */
		0x00, 0x1d, 0x01, 0x04, 0x80, 0x00, 0x00, 0x78,
		0x06,
	};
	u8 sum = 0;
	int i;

	memset(blob, 0, VGPU_EDID_SIZE);
	memcpy(blob, start, sizeof(start));
	blob[35] = 0x21;		/* 640x480, 800x600 at 60 Hz */
	blob[36] = 0x08;		/* 1024x768 at 60 Hz */
	for (i = 38; i < 54; i++)
		blob[i] = 0x01;		/* no standard timing */
	for (i = 54; i < 126; i += 18)
		blob[i + 3] = 0x10;	/* a descriptor that says nothing */
	for (i = 0; i < VGPU_EDID_SIZE - 1; i++)
		sum += blob[i];
	blob[VGPU_EDID_SIZE - 1] = -sum;
}

void vgpu_regions_init(struct vgpu *vgpu)
{
	xa_init(&vgpu->aperture);
	init_config(vgpu->config);
	init_edid(vgpu->edid_blob);
	vgpu->edid.edid_offset = EDID_BLOB_OFFSET;
	vgpu->edid.edid_max_size = VGPU_EDID_SIZE;
	vgpu->edid.edid_size = VGPU_EDID_SIZE;
	vgpu->edid.max_xres = VGPU_MAX_WIDTH;
	vgpu->edid.max_yres = VGPU_MAX_HEIGHT;
	vgpu->edid.link_state = VFIO_DEVICE_GFX_LINK_STATE_UP;
}

void vgpu_regions_exit(struct vgpu *vgpu)
{
	struct page *page;
	unsigned long index;

	xa_for_each(&vgpu->aperture, index, page)
		put_page(page);
	xa_destroy(&vgpu->aperture);
}
