package io.vfio4j.vfio;

import java.util.List;
import java.util.OptionalLong;

/**
 * What can be mapped, as the kernel told when it was asked. It changes when devices come and go.
 *
 * @param alignment what addresses and lengths must be multiples of, in bytes: the smallest page; a power of two
 * @param pageSizes the sizes of pages in bytes, each a bit; just {@link #alignment} where the kernel tells no more (iommufd)
 * @param ranges the addresses that devices may use, the lowest first
 * @param mappingsLeft how many more mappings there may be; empty where the kernel has no limit, or tells none
 */
public record DmaInfo(long alignment, long pageSizes, List<IovaRange> ranges, OptionalLong mappingsLeft) {}
