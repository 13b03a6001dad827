// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_mdev: the module, its parameters, and the VFIO device.
 */
#include <linux/eventfd.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#if IS_ENABLED(CONFIG_KVM)
#include <linux/kvm_host.h>
#endif

#include "vgpu.h"

#define NAME "vgpu_mdev"

DEFINE_MUTEX(vgpu_lock);
LIST_HEAD(vgpu_list);

/* ------------------------------------------------------------ parameters */

static enum display_irq_dialect dialect = DISPLAY_IRQ_DEFAULT;

static int dialect_set(const char *value, const struct kernel_param *param)
{
	int ret = display_irq_dialect_by_name(value);

	if (ret < 0)
		return ret;
	dialect = ret;
	return 0;
}

static int dialect_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", display_irq_dialect_name(dialect));
}

static const struct kernel_param_ops dialect_ops = {
	.set = dialect_set,
	.get = dialect_get,
};

module_param_cb(dialect, &dialect_ops, NULL, 0644);
MODULE_PARM_DESC(dialect, "display irq of new vGPUs: v2, v3, v4, v5, v6, pageflip, port, port-display or none");

static bool kvm_required;
module_param(kvm_required, bool, 0644);
MODULE_PARM_DESC(kvm_required, "new vGPUs open only for the owner of a VM (default N)");

static bool req_irq;
module_param(req_irq, bool, 0644);
MODULE_PARM_DESC(req_irq, "new vGPUs offer the device request irq (default N)");

static bool stepped;
module_param(stepped, bool, 0644);
MODULE_PARM_DESC(stepped, "new vGPUs get their vblanks from sysfs, not from a timer (default N)");

static unsigned int buffers = 3;

static int buffers_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 1, VGPU_MAX_BUFFERS);
}

static const struct kernel_param_ops buffers_ops = {
	.set = buffers_set,
	.get = param_get_uint,
};

module_param_cb(buffers, &buffers_ops, &buffers, 0644);
MODULE_PARM_DESC(buffers, "framebuffers that the guest of a new vGPU goes round, 1 to 4 (default 3)");

static const struct vgpu_format *format;

static int format_set(const char *value, const struct kernel_param *param)
{
	const struct vgpu_format *found = vgpu_format_by_name(value);

	if (!found)
		return -EINVAL;
	format = found;
	return 0;
}

static int format_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n",
			  vgpu_format_name(format ?: vgpu_format_default));
}

static const struct kernel_param_ops format_ops = {
	.set = format_set,
	.get = format_get,
};

module_param_cb(format, &format_ops, NULL, 0644);
MODULE_PARM_DESC(format, "primary plane of new vGPUs: XR24 (default), AR24, XB24, AB24, RG16, XR30, XB30, C8, YUYV, UYVY, YVYU or VYUY");

static const struct vgpu_tiling *tiling;

static int modifier_set(const char *value, const struct kernel_param *param)
{
	const struct vgpu_tiling *found = vgpu_tiling_by_name(value);

	if (!found)
		return -EINVAL;
	tiling = found;
	return 0;
}

static int modifier_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n",
			  vgpu_tiling_name(tiling ?: vgpu_tiling_linear));
}

static const struct kernel_param_ops modifier_ops = {
	.set = modifier_set,
	.get = modifier_get,
};

module_param_cb(modifier, &modifier_ops, NULL, 0644);
MODULE_PARM_DESC(modifier, "tiling of the primary plane of new vGPUs: linear (default), x, y or yf");

static const char * const plane_kinds[] = { "dmabuf", "region" };
static bool plane_regions;

static int plane_set(const char *value, const struct kernel_param *param)
{
	int kind = sysfs_match_string(plane_kinds, value);

	if (kind < 0)
		return kind;
	plane_regions = kind;
	return 0;
}

static int plane_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", plane_kinds[plane_regions]);
}

static const struct kernel_param_ops plane_ops = {
	.set = plane_set,
	.get = plane_get,
};

module_param_cb(plane, &plane_ops, NULL, 0644);
MODULE_PARM_DESC(plane, "new vGPUs show their planes as dmabuf (default) or region");

static bool region_mmap = true;
module_param(region_mmap, bool, 0644);
MODULE_PARM_DESC(region_mmap, "regions of planes of new vGPUs can be mapped (default Y)");

module_param_named(dmabuf_mmap, vgpu_dmabuf_mmap, bool, 0644);
MODULE_PARM_DESC(dmabuf_mmap, "dma-bufs can be mapped, which those of a real vGPU cannot (default N)");

/* ----------------------------------------------------------------- types */

static struct vgpu_type types[] = {
	{
		.type.sysfs_name = "vga",
		.type.pretty_name = NAME " 640x480",
		.width = 640,
		.height = 480,
	}, {
		.type.sysfs_name = "xga",
		.type.pretty_name = NAME " 1024x768",
		.width = 1024,
		.height = 768,
	}, {
		.type.sysfs_name = "hd",
		.type.pretty_name = NAME " 1920x1080",
		.width = 1920,
		.height = 1080,
	},
};

static struct mdev_type *type_list[] = {
	&types[0].type,
	&types[1].type,
	&types[2].type,
};

static ssize_t show_description(struct mdev_type *mtype, char *buf)
{
	struct vgpu_type *type = container_of(mtype, struct vgpu_type, type);

	return sysfs_emit(buf, "resolution: %ux%u\npipes: %u\n",
			  type->width, type->height, VGPU_PIPES);
}

/* ---------------------------------------------------------- opening, KVM */

#if IS_ENABLED(CONFIG_KVM)
static struct kvm *get_kvm(struct kvm *kvm)
{
	void (*get)(struct kvm *kvm) = symbol_get(kvm_get_kvm);

	if (!get)
		return NULL;
	get(kvm);
	return kvm;
}

static void put_kvm(struct kvm *kvm)
{
	void (*put)(struct kvm *kvm) = symbol_get(kvm_put_kvm);

	if (!WARN_ON(!put)) {
		put(kvm);
		symbol_put(kvm_put_kvm);
		symbol_put(kvm_get_kvm);
	}
}

static bool is_own_kvm(const struct kvm *kvm)
{
	return kvm->mm == current->mm;
}
#else
static struct kvm *get_kvm(struct kvm *kvm)
{
	return NULL;
}

static void put_kvm(struct kvm *kvm)
{
}

static bool is_own_kvm(const struct kvm *kvm)
{
	return false;
}
#endif

static int attach_kvm(struct vgpu *vgpu)
{
	struct kvm *kvm = vgpu->vdev.kvm;
	struct vgpu *other;

	if (!vgpu->kvm_required)
		return 0;
	if (!kvm || !is_own_kvm(kvm))
		return -ESRCH;
	list_for_each_entry(other, &vgpu_list, node)
		if (other->kvm == kvm)
			return -EEXIST;
	vgpu->kvm = get_kvm(kvm);
	return vgpu->kvm ? 0 : -ESRCH;
}

static int open_device(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);
	int ret;

	mutex_lock(&vgpu_lock);
	ret = attach_kvm(vgpu);
	if (!ret) {
		vgpu->open = true;
		vgpu->opens++;
		vgpu_update_timers();
	}
	mutex_unlock(&vgpu_lock);
	return ret;
}

static void drop_trigger(struct eventfd_ctx **trigger)
{
	if (*trigger)
		eventfd_ctx_put(*trigger);
	*trigger = NULL;
}

/* The display irq stays armed, as it does in the drivers. */
static void close_device(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);
	struct kvm *kvm;

	mutex_lock(&vgpu_lock);
	vgpu->open = false;
	vgpu_update_timers();
	vgpu_forget_dmabufs(vgpu);
	drop_trigger(&vgpu->msi);
	drop_trigger(&vgpu->req);
	kvm = vgpu->kvm;
	vgpu->kvm = NULL;
	mutex_unlock(&vgpu_lock);
	if (kvm)
		put_kvm(kvm);
}

static void signal_req(struct vgpu *vgpu)
{
#ifdef DISPLAY_IRQ_EVENTFD_HAS_VALUE
	eventfd_signal(vgpu->req, 1);
#else
	eventfd_signal(vgpu->req);
#endif
}

static void request(struct vfio_device *vdev, unsigned int count)
{
	struct vgpu *vgpu = vgpu_of(vdev);

	mutex_lock(&vgpu_lock);
	if (vgpu->req)
		signal_req(vgpu);
	mutex_unlock(&vgpu_lock);
}

/* ------------------------------------------------------------ other irqs */

static int set_trigger(struct vgpu *vgpu, struct eventfd_ctx **trigger, s32 fd)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	drop_trigger(trigger);
	*trigger = ctx;
	return 0;
}

/* As the PCI drivers of VFIO do it, -1 and all. */
static int set_req(struct vgpu *vgpu, u32 flags, u32 start, u32 count,
		   const void *data)
{
	bool loopback = false;

	if (start || count > 1)
		return -EINVAL;
	if (flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		if (!count || !data)
			return -EINVAL;
		if (*(const s32 *)data >= 0)
			return set_trigger(vgpu, &vgpu->req,
					   *(const s32 *)data);
		if (*(const s32 *)data != -1)
			return -EINVAL;
		drop_trigger(&vgpu->req);
		return 0;
	}
	if (flags & VFIO_IRQ_SET_DATA_NONE) {
		if (!count)
			drop_trigger(&vgpu->req);
		loopback = count;
	} else if (flags & VFIO_IRQ_SET_DATA_BOOL) {
		loopback = data && *(const u8 *)data;
	}
	if (loopback && vgpu->req)
		signal_req(vgpu);
	return 0;
}

static int set_msi(struct vgpu *vgpu, u32 flags, u32 count, const void *data)
{
	if (flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return set_trigger(vgpu, &vgpu->msi, *(const s32 *)data);
	if ((flags & VFIO_IRQ_SET_DATA_NONE) && !count)
		drop_trigger(&vgpu->msi);
	return 0;
}

static int set_irqs(struct display_irq *irq, u32 flags, u32 index, u32 start,
		    u32 count, const void *data)
{
	struct vgpu *vgpu = container_of(irq, struct vgpu, irq);
	u32 action = flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return action == VFIO_IRQ_SET_ACTION_MASK ||
		       action == VFIO_IRQ_SET_ACTION_UNMASK ||
		       action == VFIO_IRQ_SET_ACTION_TRIGGER ? 0 : -ENOTTY;
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	if (index == VFIO_PCI_MSI_IRQ_INDEX)
		return set_msi(vgpu, flags, count, data);
	if (index == VFIO_PCI_REQ_IRQ_INDEX && vgpu->host.req_irq)
		return set_req(vgpu, flags, start, count, data);
	return -ENOTTY;
}

/* --------------------------------------------------------------- ioctls */

static long get_info(struct vgpu *vgpu, void __user *arg)
{
	const u32 minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VGPU_NUM_REGIONS;
	info.num_irqs = display_irq_num_irqs(&vgpu->irq);
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long ioctl_locked(struct vgpu *vgpu, unsigned int cmd,
			 void __user *arg)
{
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(vgpu, arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return vgpu_get_region_info(vgpu, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return display_irq_get_info(&vgpu->irq, arg);
	case VFIO_DEVICE_SET_IRQS:
		return display_irq_set(&vgpu->irq, arg);
	case VFIO_DEVICE_RESET:
		return 0;
	case VFIO_DEVICE_QUERY_GFX_PLANE:
		return vgpu_query_plane(vgpu, arg);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return vgpu_get_dmabuf(vgpu, arg);
	default:
		return -ENOTTY;
	}
}

static long ioctl(struct vfio_device *vdev, unsigned int cmd,
		  unsigned long arg)
{
	struct vgpu *vgpu = vgpu_of(vdev);
	long ret;

	mutex_lock(&vgpu_lock);
	ret = ioctl_locked(vgpu, cmd, (void __user *)arg);
	mutex_unlock(&vgpu_lock);
	return ret;
}

/* ------------------------------------------------------- birth and death */

static int init_device(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);
	struct mdev_device *mdev = to_mdev_device(vdev->dev);
	const struct vgpu_type *type =
		container_of(mdev->type, struct vgpu_type, type);
	int ret;

	kernel_param_lock(THIS_MODULE);
	vgpu->host.req_irq = req_irq;
	vgpu->host.set_irqs = set_irqs;
	vgpu->kvm_required = kvm_required;
	vgpu->stepped = stepped;
	vgpu->display.format = format ?: vgpu_format_default;
	vgpu->display.tiling = tiling ?: vgpu_tiling_linear;
	vgpu->display.buffers = buffers;
	vgpu->display.regions = plane_regions;
	vgpu->display.region_mmap = region_mmap;
	display_irq_init(&vgpu->irq, dialect, &vgpu->host);
	kernel_param_unlock(THIS_MODULE);

	ret = vgpu_planes_init(vgpu);
	if (ret)
		return ret;
	vgpu_guest_init(vgpu, type);
	vgpu_regions_init(vgpu);

	mutex_lock(&vgpu_lock);
	list_add_tail(&vgpu->node, &vgpu_list);
	mutex_unlock(&vgpu_lock);
	return 0;
}

static void release_device(struct vfio_device *vdev)
{
	struct vgpu *vgpu = vgpu_of(vdev);

	mutex_lock(&vgpu_lock);
	list_del(&vgpu->node);
	mutex_unlock(&vgpu_lock);

	vgpu_guest_exit(vgpu);
	vgpu_planes_exit(vgpu);
	vgpu_regions_exit(vgpu);
	display_irq_exit(&vgpu->irq);
#ifdef VGPU_FREES_VFIO_DEVICE
	vfio_free_device(vdev);
#endif
}

static const struct vfio_device_ops device_ops = {
	.name = NAME,
	.init = init_device,
	.release = release_device,
	.open_device = open_device,
	.close_device = close_device,
	.read = vgpu_read,
	.write = vgpu_write,
	.ioctl = ioctl,
	.mmap = vgpu_mmap,
	.request = request,
#ifdef VGPU_IOMMUFD_OPS
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#endif
};

static int probe(struct mdev_device *mdev)
{
	struct vgpu *vgpu;
	int ret;

	vgpu = vfio_alloc_device(vgpu, vdev, &mdev->dev, &device_ops);
	if (IS_ERR(vgpu))
		return PTR_ERR(vgpu);
	dev_set_drvdata(&mdev->dev, vgpu);
	ret = vfio_register_emulated_iommu_dev(&vgpu->vdev);
	if (ret)
		vfio_put_device(&vgpu->vdev);
	return ret;
}

static void remove(struct mdev_device *mdev)
{
	struct vgpu *vgpu = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&vgpu->vdev);
	vfio_put_device(&vgpu->vdev);
}

static const struct attribute_group *attribute_groups[] = {
	&vgpu_attribute_group,
	NULL,
};

static struct mdev_driver driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 64,
	.driver = {
		.name = NAME,
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = attribute_groups,
	},
	.probe = probe,
	.remove = remove,
	.show_description = show_description,
};

static struct class parent_class = {
	.name = NAME,
};

static struct mdev_parent parent;
static struct device *parent_dev;

static int __init vgpu_mdev_init(void)
{
	int ret;

	vgpu_timers_init();
	ret = mdev_register_driver(&driver);
	if (ret)
		return ret;
	ret = class_register(&parent_class);
	if (ret)
		goto unregister_driver;
	parent_dev = device_create(&parent_class, NULL, 0, NULL, NAME);
	if (IS_ERR(parent_dev)) {
		ret = PTR_ERR(parent_dev);
		goto unregister_class;
	}
	ret = mdev_register_parent(&parent, parent_dev, &driver, type_list,
				   ARRAY_SIZE(type_list));
	if (ret)
		goto unregister_device;
	return 0;

unregister_device:
	device_unregister(parent_dev);
unregister_class:
	class_unregister(&parent_class);
unregister_driver:
	mdev_unregister_driver(&driver);
	return ret;
}

static void __exit vgpu_mdev_exit(void)
{
	mdev_unregister_parent(&parent);
	device_unregister(parent_dev);
	class_unregister(&parent_class);
	mdev_unregister_driver(&driver);
	vgpu_timers_exit();
}

module_init(vgpu_mdev_init);
module_exit(vgpu_mdev_exit);
MODULE_DESCRIPTION("Mediated display device with a display irq, for tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
