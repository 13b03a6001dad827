/** Uses vfio4j on the module path. */
module example {
    requires io.vfio4j;
}
